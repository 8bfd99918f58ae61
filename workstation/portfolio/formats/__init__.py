"""Reading and writing portfolio files."""
