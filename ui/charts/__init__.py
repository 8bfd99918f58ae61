"""Chart items that draw what is visible, in pixels, over one shared time axis."""
