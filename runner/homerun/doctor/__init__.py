"""What works on this machine and in a store, and what to do about what does not."""
