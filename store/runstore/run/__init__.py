"""One run's folder: record, labels, properties, files, children, ledger."""
