"""A run on several nodes: the programs that start its processes there, and end them."""
