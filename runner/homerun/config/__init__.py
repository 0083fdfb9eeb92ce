"""What to run: script and run configurations, environments, workspace files."""
