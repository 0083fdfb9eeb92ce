"""What can be done with a run: submit, wait, stop, reconcile, complete, delete."""
