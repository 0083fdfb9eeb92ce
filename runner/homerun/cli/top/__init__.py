"""The full-screen view behind `homerun top`, on Textual: only this room imports it."""
