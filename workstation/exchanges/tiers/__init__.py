"""Maintenance tiers as the venues publish them: one reader a venue, a cache, a slow task."""
