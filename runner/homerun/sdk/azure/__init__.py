"""What a workspace has in Azure beside its runs, and what homerun has of that: targets."""
