"""Logging metrics, and what is read of them."""
