"""Everything that knows a venue; the only place that imports ccxt."""
