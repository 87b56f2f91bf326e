"""Runs the benchmarks named on the command line, or all of them."""

from __future__ import annotations

import importlib
import sys

NAMES = ("S1", "S2", "S4", "S5", "S7")


def main() -> int:
    """Run and print; exit 1 when a target was missed."""
    wanted = [name.upper() for name in sys.argv[1:]] or list(NAMES)
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. Known: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    results = [importlib.import_module(f"bench.{name.lower()}").run() for name in wanted]
    print()
    for result in results:
        print(result.line())
    return 0 if all(result.met for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
