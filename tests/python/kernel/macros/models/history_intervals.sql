{{ provender.test_history_intervals('history', ['id', 'part']) }}
