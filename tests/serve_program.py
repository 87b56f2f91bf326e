"""Serves the application for a test: the configuration comes as JSON on standard input, the rest is `portal serve`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from portal.cli.serving import serve
from portal.config import Config

if __name__ == "__main__":
    values = json.loads(sys.stdin.read())
    config = Config(**(values | {"var": Path(values["var"])}))
    serve(config, host="127.0.0.1", processes=int(sys.argv[1]), threads=int(sys.argv[2]))
