"""What a workspace has in Azure beside its runs: absent, empty, or of this machine."""
