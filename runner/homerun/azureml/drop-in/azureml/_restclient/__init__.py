"""What scripts take from the original's inner parts."""
