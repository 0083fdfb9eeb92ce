"""Runs as they are now: the list that is kept up to date, and one run seen from near."""
