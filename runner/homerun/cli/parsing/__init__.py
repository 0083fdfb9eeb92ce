"""Reading a command line: the fast reader, and click."""
