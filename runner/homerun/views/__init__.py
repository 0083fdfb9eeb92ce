"""What is shown of runs: tables, feeds, details, comparisons, code."""
