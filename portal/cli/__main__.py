"""`python -m portal.cli` is the same as `portal`: child processes are started in this way."""

from __future__ import annotations

import sys

from portal.cli.arguments import main

if __name__ == "__main__":
    sys.exit(main())
