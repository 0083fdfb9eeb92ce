"""Engines: what runs jobs on other machines, on which a target places the runs of its queue."""
