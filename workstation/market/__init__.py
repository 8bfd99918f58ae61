"""Facts about markets, and where the newest of them are kept. No input or output."""
