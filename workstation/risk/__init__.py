"""Risk: pure functions. Arrays in, frozen reports out; no clock, file, thread or venue."""
