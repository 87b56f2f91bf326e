"""An installation in a temporary folder, and its command line as real processes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTINGS = ("DATABASE_URL", "REDIS_URL", "SMTP_URL", "BASE_URL", "SECRET_KEY", "PROXY_HOPS")


@dataclass
class Installation:
    """A folder, a port, and what a person types."""

    folder: Path
    port: int
    more: dict[str, str] = field(default_factory=dict)

    @property
    def var(self) -> Path:
        return self.folder / "var"

    @property
    def log(self) -> str:
        return (self.var / "portal" / "portal.log").read_text()

    def environment(self) -> dict[str, str]:
        own = {"PARCELYARD_VAR": str(self.var), "PORT": str(self.port), **self.more}
        return {name: value for name, value in os.environ.items() if name not in SETTINGS} | own

    def type(self, line: str, *extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "portal.cli", *line.split(), *extra],
            env=self.environment(), capture_output=True, text=True, timeout=150, check=False,
        )  # fmt: skip

    def begin(self, line: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "portal.cli", *line.split()],
            env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what: Callable[[], object], *, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def make_installation() -> Iterator[Installation]:
    # Not pytest's own temporary folder: that is closed to the user whom root's servers run as.
    folder = Path(tempfile.mkdtemp(prefix="py-cli-"))
    folder.chmod(0o755)
    made = Installation(folder, free_port())
    yield made
    made.type("stop")
    shutil.rmtree(folder)


@pytest.fixture
def installation() -> Iterator[Installation]:
    """An installation that has never run."""
    yield from make_installation()


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    """One that `portal demo --detach --empty` has started."""
    for made in make_installation():
        done = made.type("demo --detach --empty")
        assert done.returncode == 0, done.stderr
        assert f"Parcelyard is ready: http://127.0.0.1:{made.port}\n" in done.stdout
        yield made
