"""The logs of a run: follow, page, search, print."""
