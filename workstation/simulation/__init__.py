"""A market of known accounts, from which every fact follows; always labelled SIMULATED."""
