{{ scheduled_life(['carrier']) }}
