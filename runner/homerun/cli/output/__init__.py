"""What a command writes: tables, formats, text, progress, prompts."""
