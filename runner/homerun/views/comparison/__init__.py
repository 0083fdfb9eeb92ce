"""Runs side by side: what differs between them, and what a metric of theirs depends on."""
