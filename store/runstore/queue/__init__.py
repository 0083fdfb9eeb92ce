"""Queues: entries, slots, places, settings."""
