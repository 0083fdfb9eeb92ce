"""The interpreter and the packages of a run: resolve, build, inspect."""
