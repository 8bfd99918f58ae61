"""Qt item models with declared columns."""
