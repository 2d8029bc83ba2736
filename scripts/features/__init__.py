"""What features there are, and what each promises: `provender features`."""
