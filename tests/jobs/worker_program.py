"""A worker as a program of its own, with the reactions of `tests.jobs.news`: `worker_program.py CONFIG.json LEASE_S`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from portal.config import Config
from portal.jobs import work
from portal.kernel.db import Database
from tests.jobs.news import NEWS

if __name__ == "__main__":
    values = json.loads(Path(sys.argv[1]).read_text())
    config = Config(**values | {"var": Path(values["var"])})
    work(Database.from_config(config), config, lease_s=float(sys.argv[2]), reactions=NEWS)
