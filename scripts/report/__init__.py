"""The page of `provender report`: what the catalog holds, read, drawn and written as one HTML file."""
