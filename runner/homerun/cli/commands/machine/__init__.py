"""The commands about this machine and its user, and not about runs."""
