"""Options and arguments that commands share, and their types."""
