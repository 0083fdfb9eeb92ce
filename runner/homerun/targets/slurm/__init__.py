"""Slurm as a place for runs, through its plain commands."""
