"""Rules: what is watched of a run that goes on, and what is done once it is seen."""
