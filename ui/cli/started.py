"""When the program was started: imported first, for the imports are part of starting."""

import time

STARTED_S = time.monotonic()
