"""The panels; each is a dock."""
