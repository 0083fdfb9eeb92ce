"""Reports: what is known of runs as one page that needs nothing else."""
