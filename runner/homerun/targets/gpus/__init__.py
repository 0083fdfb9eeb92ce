"""GPUs as slots: which a run gets, when, and the process that gives them."""
