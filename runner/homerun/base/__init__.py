"""What all rooms say and check: errors, environment variables, messages, times, masking."""
