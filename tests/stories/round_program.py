"""The dispatcher or a worker for a story: `round_program.py dispatch|work`, with the configuration as JSON on standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from portal.cli.serving import dispatch, work
from portal.config import Config

if __name__ == "__main__":
    values = json.loads(sys.stdin.read())
    config = Config(**(values | {"var": Path(values["var"])}))
    if sys.argv[1] == "dispatch":
        dispatch(config, lease_s=30)
    else:
        work(config, lease_s=30, max_jobs=None)
