"""Notifications: a person is told that a run has ended, or what a rule has seen."""
