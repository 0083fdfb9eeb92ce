"""MLflow's plug-in: what MLflow logs in a run is logged to that run. MLflow alone loads it."""
