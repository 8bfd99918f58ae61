"""Accounts read from the exchanges: one module a venue."""
