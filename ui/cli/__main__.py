"""``python -m ui.cli`` is the program."""

import sys

from ui.cli import main

sys.exit(main())
