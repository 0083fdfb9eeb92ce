"""The manual in the terminal: the pages of `docs/`, and the schemas of all answers."""
