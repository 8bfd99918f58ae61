"""Threads and sequencing: workers, the portfolio watcher, the choice of a feed."""
