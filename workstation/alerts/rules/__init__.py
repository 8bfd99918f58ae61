"""The rules: one file and one registry line each."""
