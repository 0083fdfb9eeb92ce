"""The commands that submit runs."""
