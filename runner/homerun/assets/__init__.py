"""What is kept around runs: versions of models and datasets, datastores, secrets."""
