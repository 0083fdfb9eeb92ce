"""Commands for what is kept around runs."""
