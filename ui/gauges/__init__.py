"""Gauges that draw any indicator."""
