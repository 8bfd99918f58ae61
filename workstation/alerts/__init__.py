"""Alerts for own positions: rules as data, a state machine, and what goes out, all of it pure.

Time, figures and candles arrive as arguments. ``watcher`` holds what has to be remembered between
two looks; whoever owns it looks from one thread. Delivery is the matter of ``services`` and ``ui``.
"""
