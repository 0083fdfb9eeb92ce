"""The code of a run: scan, snapshot, working copy, git."""
