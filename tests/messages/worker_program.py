"""One worker that delivers what is due and ends: `worker_program.py CONFIG.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from portal.config import Config
from portal.jobs import Courier
from portal.kernel.db import Database

if __name__ == "__main__":
    values = json.loads(Path(sys.argv[1]).read_text())
    config = Config(**values | {"var": Path(values["var"])})
    Courier(Database.from_config(config), config).deliver_due()
