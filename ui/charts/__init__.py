"""Reusable chart items on pyqtgraph."""
