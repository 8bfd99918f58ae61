"""The user's book: what it is, and the files that hold it."""
