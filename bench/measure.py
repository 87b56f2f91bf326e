"""CPU seconds of this process and of the PostgreSQL back ends that work for it, and a database to spend them on."""

from __future__ import annotations

import os
import statistics
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text

from portal.config import Config, built_in_urls
from portal.embedded import ensure_running
from portal.kernel import migrate
from portal.kernel.db import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Result:
    """A figure beside its target."""

    name: str
    what: str
    figure: float
    target: float
    at_most: bool
    unit: str = "×"

    @property
    def met(self) -> bool:
        """Say whether the target was reached."""
        return self.figure <= self.target if self.at_most else self.figure >= self.target

    def line(self) -> str:
        """Return the line that is printed."""
        sign = "≤" if self.at_most else "≥"
        verdict = "met   " if self.met else "MISSED"
        promised = f"(promised {sign} {self.target:,.2f} {self.unit})"
        return f"{self.name}  {verdict}  {self.figure:,.2f} {self.unit} {promised}  {self.what}"


def servers_folder() -> Path:
    """Return the folder of the benchmarks' own servers."""
    return Path(os.environ.get("BENCH_FOLDER", "var/bench")).absolute()


@contextmanager
def database() -> Iterator[tuple[Database, Config]]:
    """Make a migrated database on a cluster of the benchmark's own (durable settings), and drop it afterwards."""
    folder = servers_folder()
    servers = ensure_running(folder)
    name = f"bench_{uuid.uuid4().hex[:8]}"
    urls = built_in_urls(servers, name)
    migrate.create_database(urls["migration_database_url"])
    migrate.upgrade(urls["migration_database_url"])
    config = Config(
        var=folder,
        **urls,
        redis_url=servers.redis_url,
        redis_prefix=f"{name}:",
        secret_key="bench",  # noqa: S106 (it signs nothing that lasts)
        base_url="http://127.0.0.1:8000",
        testing=True,
    )
    db = Database.from_config(config)
    try:
        yield db, config
    finally:
        db.dispose()
        engine = create_engine(servers.postgres_url("postgres", "postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


@dataclass(slots=True)
class Cpu:
    """CPU seconds spent in a block: by this process, and by the database's back ends."""

    python_s: float = 0.0
    postgres_s: float = 0.0
    wall_s: float = 0.0

    @property
    def total_s(self) -> float:
        """Return both together."""
        return self.python_s + self.postgres_s


@contextmanager
def cpu(config: Config) -> Iterator[Cpu]:
    """Measure a block. Back ends that end inside it are not counted, so connections have to stay open."""
    engine = create_engine(config.migration_database_url)
    spent = Cpu()
    with engine.connect() as connection:
        before, started, wall = _backends(connection), time.process_time(), time.perf_counter()
        yield spent
        spent.python_s, spent.wall_s = time.process_time() - started, time.perf_counter() - wall
        after = _backends(connection)
    engine.dispose()
    spent.postgres_s = sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def _backends(connection: Connection) -> dict[int, float]:
    rows = connection.execute(
        text(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    )
    connection.rollback()
    return {pid: _seconds(pid) for (pid,) in rows if Path(f"/proc/{pid}/stat").exists()}


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def median_cpu(config: Config, work: Callable[[], object], *, times: int) -> float:
    """Return the median CPU seconds of several runs of some work."""
    figures: list[float] = []
    for _ in range(times):
        with cpu(config) as spent:
            work()
        figures.append(spent.total_s)
    return statistics.median(figures)
