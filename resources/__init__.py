"""Data that ships with the program: icons, themes, samples, tiers, market lists, scenarios."""
