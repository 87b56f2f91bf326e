"""What was started for later: written down with number and start time, so that nothing but ours is ever ended.

A process number is used again by the system; the same number with another start time is a stranger and is left alone.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portal.embedded.logs import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = "portal"
"""The folder below `PARCELYARD_VAR` where the note and the log of what runs lie."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process of ours: its number, when the system says it began, and the address that it serves."""

    pid: int
    began: str
    base_url: str

    def is_alive(self) -> bool:
        """Say whether exactly this process still runs."""
        return began(self.pid) == self.began != ""


def began(pid: int) -> str:
    """Return the system's own mark of when a process began; '' when it is gone or only waits to be collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        fields = []
    if len(fields) > 19:
        return "" if fields[0] in ("Z", "X") else fields[19]
    if Path("/proc/self").exists():
        return ""
    listing = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return " ".join(listing.stdout.split())


def log_of(var: Path) -> Path:
    """Return the log of what runs."""
    return var / FOLDER / "portal.log"


def start(var: Path, arguments: Sequence[str], *, base_url: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start `portal` with these arguments, away from this terminal's Ctrl-C, and write it down.

    Returns the process and the byte of the log where its lines begin.
    """
    log = log_of(var)
    log.parent.mkdir(parents=True, exist_ok=True)
    offset = prepare(log)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.cli", *arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    partial = log.with_name(f".note.{process.pid}")
    partial.write_text(f"{process.pid}\n{began(process.pid)}\n{base_url}\n")
    partial.replace(_note(var))
    return process, offset


def find_running(var: Path) -> Running | None:
    """Return what was started for later, if exactly that still runs. A note about something else is forgotten."""
    try:
        lines = _note(var).read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    found = Running(int(lines[0]), lines[1], lines[2]) if len(lines) == 3 and lines[0].isdigit() else None
    if found is not None and found.is_alive():
        return found
    _note(var).unlink(missing_ok=True)
    return None


def end(var: Path, running: Running, *, within_s: float = 20) -> None:
    """Ask it to end, insist after a while, and forget it. Its children end with it."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if running.is_alive():
            os.kill(running.pid, how)
        deadline = time.monotonic() + within_s
        while running.is_alive() and time.monotonic() < deadline:
            time.sleep(0.05)
    _note(var).unlink(missing_ok=True)


def _note(var: Path) -> Path:
    return var / FOLDER / "running"
