"""`python -m homerun` is the command `homerun`."""

from __future__ import annotations

from homerun.cli import main

if __name__ == "__main__":
    main()
