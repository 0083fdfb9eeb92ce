"""Upkeep of a store: check, garbage, trash, statistics."""
