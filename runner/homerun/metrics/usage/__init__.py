"""What runs use of this machine: looked at, sampled while they go on, and summed up at the end."""
