"""The `portal` command line: what a person types to run an installation. Decides nothing that commands do not decide."""

from __future__ import annotations

from portal.cli.arguments import main

__all__ = ["main"]
