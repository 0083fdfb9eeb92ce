"""The full-screen view behind `homerun run watch`."""
