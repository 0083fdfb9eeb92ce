"""What holds in a folder unless the command line says otherwise: experiment, Python, goals."""
