"""The kernel: signals, processes, watches, spawning. It knows nothing of runs."""
