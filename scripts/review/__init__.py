"""What a reviewer asks of definitions: is this computed already, and does it tell the label."""
