{{ scheduled_life(['origin', 'dest']) }}
