"""Keeps the processes of an installation alive: whoever ends or is killed is replaced, until a signal ends all of them."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from portal.cli.errors import REFUSED
from portal.cli.serving import on_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = structlog.get_logger("portal.cli")

RESTART_S = 1.0
"""How long the keeper waits before it replaces a process that ended by itself or was killed."""

BEGINNING_S = 30.0
"""So long after its first start a refusal is about the settings. Later it is about a server that is away, and will be back."""

TEND_S = 2.0
END_S = 12.0


@dataclass(slots=True)
class Kept:
    """One process that shall run: its name, `portal`'s arguments, and the process itself once it was started."""

    name: str
    arguments: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    due_at: float = field(default=0.0)
    first_start_at: float | None = None


class Keeper:
    """Starts processes and replaces those that end. One that refuses at the very beginning, for a known reason, ends everything, with its code."""

    def __init__(self, kept: Sequence[Kept], *, tend: Callable[[], object] | None = None) -> None:
        """Take what shall run, and what is called every two seconds besides (it looks after the built-in servers)."""
        self._kept = kept
        self._tend = tend
        self._stop = threading.Event()

    def run(self) -> int:
        """Keep everything alive until a signal; return 0, or the code of the process that refused."""
        on_signals(self._stop.set)
        next_tend = time.monotonic() + TEND_S
        try:
            while not self._stop.is_set():
                for one in self._kept:
                    if self._look_at(one) == REFUSED:
                        return REFUSED
                if self._tend is not None and time.monotonic() >= next_tend:
                    self._tend_servers(self._tend)
                    next_tend = time.monotonic() + TEND_S
                self._stop.wait(0.1)
        finally:
            self._end()
        return 0

    def _look_at(self, one: Kept) -> int | None:
        """Start what does not run and is due; return the code of one that has just ended at its beginning."""
        code = None
        if one.process is not None:
            code = one.process.poll()
            if code is None:
                return None
            log.warning("process_ended", name=one.name, pid=one.process.pid, code=code)
            _let_go(one.process)
            one.process, one.due_at = None, time.monotonic() + RESTART_S
            # A worker that is replaced while Redis restarts must not take the web with it.
            if one.first_start_at is None or time.monotonic() > one.first_start_at + BEGINNING_S:
                code = None
        if code != REFUSED and time.monotonic() >= one.due_at:
            one.first_start_at = one.first_start_at or time.monotonic()
            one.process = subprocess.Popen(
                [sys.executable, "-m", "portal.cli", *one.arguments, "--kept"], stdin=subprocess.PIPE
            )
            log.info("process_started", name=one.name, pid=one.process.pid)
        return code

    def _tend_servers(self, tend: Callable[[], object]) -> None:
        try:
            tend()
        except (
            Exception
        ) as error:  # the servers are tried again in two seconds; meanwhile the processes wait for them
            log.exception("servers_not_tended", error=str(error))

    def _end(self) -> None:
        running = [one.process for one in self._kept if one.process is not None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + END_S
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                # A job that is cut off leaves a lease that ends by itself, and another worker takes the row.
                process.kill()
                process.wait()
            _let_go(process)


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """Close our end of the pipe by which a process sees that we live."""
    if process.stdin is not None:
        process.stdin.close()
