"""The commands of `homerun run`, a module for each."""
