"""Runs the benchmarks named on the command line, or all of them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from bench.measure import servers_folder
from portal.embedded import stop

NAMES = sorted(path.stem.upper() for path in Path(__file__).parent.glob("s[0-9]*.py"))


def main() -> int:
    """Run and print; exit 1 when a target was missed."""
    wanted = [name.upper() for name in sys.argv[1:]] or NAMES
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. Known: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    try:
        results = [importlib.import_module(f"bench.{name.lower()}").run() for name in wanted]
    finally:
        stop(servers_folder())
    print()
    for result in results:
        print(result.line())
    return 0 if all(result.met for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
