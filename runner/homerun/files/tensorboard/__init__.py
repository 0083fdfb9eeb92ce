"""Runs in TensorBoard: their event files as links, their scalars as event files, its process."""
