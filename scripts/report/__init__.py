"""The page of `provender report`: what the catalog holds, as one HTML file."""
