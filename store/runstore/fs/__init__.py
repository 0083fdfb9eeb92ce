"""Files: write-once facts, appends, locks, safe paths. It knows no run."""
