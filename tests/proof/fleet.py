"""A whole installation as processes of its own, with a keeper that starts again what ends, and a hand that kills.

Only processes that this file started, and the servers of its own folder, are ever signalled, each by its number.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import redis

from portal.config import Config
from portal.embedded import ensure_running, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children_of(pid: int) -> list[int]:
    """Return the numbers of a process's living children."""
    try:
        return [int(part) for part in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class Fleet:
    """Web, dispatcher and workers on servers in one folder; whatever ends is started again, as a machine's supervisor does."""

    def __init__(self, folder: Path, *, smtp_url: str = "") -> None:
        """Take the folder that everything lives in, and the mail server."""
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.killed: Counter[str] = Counter()
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if not name.endswith(("DATABASE_URL", "REDIS_URL"))
        } | {
            "PARCELYARD_VAR": str(folder),
            "PORT": str(self.port),
            "SMTP_URL": smtp_url,
            "BASE_URL": self.base_url,
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    @property
    def config(self) -> Config:
        """Return what the fleet's processes read from their environment."""
        return Config.from_env(self._environment)

    def portal(self, *arguments: str) -> None:
        """Run a `portal` command to its end."""
        subprocess.run(
            [sys.executable, "-m", "portal.cli", *arguments],
            cwd=ROOT,
            env=self._environment,
            check=True,
            timeout=120,
        )

    def start(self) -> None:
        """Start everything and wait until it can be used."""
        self._keeper.start()
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with (
                contextlib.suppress(OSError, urllib.error.URLError),
                urllib.request.urlopen(f"{self.base_url}/readyz", timeout=2),
            ):
                return
            time.sleep(0.1)
        raise AssertionError(f"The fleet did not come up; its logs are in {self.folder}.")

    def _keep(self) -> None:
        wanted = {
            "web": ("serve", "--processes", "2"),
            "dispatch": ("dispatch", "--lease-s", "10"),
            "worker": ("worker", "--processes", "2", "--lease-s", "10"),
        }
        while not self._stopping.is_set():
            ensure_running(self.folder)
            for name, arguments in wanted.items():
                process = self._processes.get(name)
                if process is None or process.poll() is not None:
                    with (self.folder / f"{name}.log").open("ab") as log:
                        self._processes[name] = subprocess.Popen(
                            [sys.executable, "-m", "portal.cli", *arguments], cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL,
                            stdout=log, stderr=log,
                        )  # fmt: skip
            self._stopping.wait(0.2)

    def end(self) -> None:
        """End the processes and the servers."""
        self._stopping.set()
        self._keeper.join(30)
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        stop(self.folder)

    def kill_one(self, what: str) -> bool:
        """Send SIGKILL to one process of a kind, a busy one where that can be told; say whether there was one."""
        pid = getattr(self, f"_find_{what}")()
        if pid is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.killed[what] += 1
            return True
        return False

    def _child(self, name: str) -> int | None:
        process = self._processes.get(name)
        children = children_of(process.pid) if process else []
        return random.choice(children) if children else None

    def _find_web(self) -> int | None:
        return self._child("web")

    def _find_worker(self) -> int | None:
        return self._child("worker")

    def _find_dispatch(self) -> int | None:
        process = self._processes.get("dispatch")
        return process.pid if process and process.poll() is None else None

    def _find_redis(self) -> int | None:
        with (
            contextlib.suppress(redis.RedisError),
            redis.Redis.from_url(ensure_running(self.folder).redis_url, socket_timeout=2) as client,
        ):
            return int(client.info("server")["process_id"])
        return None

    def _find_postgres(self) -> int | None:
        """Find a back end of ours, at work if there is one: the server then throws everybody out and recovers."""
        url = ensure_running(self.folder).postgres_url("parcelyard", "postgres").replace("+psycopg", "")
        with contextlib.suppress(psycopg.Error), psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = 'parcelyard' AND pid <> pg_backend_pid() AND backend_type = 'client backend' "
                "ORDER BY state = 'active' DESC, state LIKE 'idle in%' DESC, random() LIMIT 1"
            ).fetchone()
            return row[0] if row else None
        return None


@contextlib.contextmanager
def storm(
    fleet: Fleet,
    *,
    every_s: float,
    most: int,
    targets: tuple[str, ...] = ("web", "worker", "dispatch", "redis", "postgres"),
) -> Iterator[None]:
    """Kill something every so often while the block runs, at most so many times, in turn, so that each kind is hit."""
    done = threading.Event()

    def rage() -> None:
        turn = 0
        while not done.wait(every_s) and sum(fleet.killed.values()) < most:
            fleet.kill_one(targets[turn % len(targets)])
            turn += 1

    thread = threading.Thread(target=rage, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(30)
