{{ scheduled_life(['origin']) }}
