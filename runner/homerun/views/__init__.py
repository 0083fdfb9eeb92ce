"""What people are shown of runs: tables, feeds, details, comparisons, code."""
