"""The servers' own log files: kept small, and read for the reason when a server does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portal.embedded.home import plain_sentences

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_LOG_BYTES = 10_000_000


def prepare(log: Path) -> int:
    """Put a log of more than 10 MB aside, keeping one, and return the byte where this start's lines will begin."""
    with plain_sentences(log):
        if not log.exists():
            return 0
        size = log.stat().st_size
        if size <= LARGEST_LOG_BYTES:
            return size
        log.replace(log.with_suffix(".log.1"))
        return 0


def news(log: Path, offset: int) -> list[str]:
    """Return the lines that were written after `offset`."""
    try:
        with log.open("rb") as file:
            file.seek(offset)
            return file.read(LARGEST_LOG_BYTES).decode(errors="replace").splitlines()
    except FileNotFoundError:
        return []
