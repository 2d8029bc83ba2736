"""What a project declares, as the tables of its registry say it, whichever checkout they are of."""
