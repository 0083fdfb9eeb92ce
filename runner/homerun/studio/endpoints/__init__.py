"""The routes' handlers, by subject."""
