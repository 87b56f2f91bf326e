"""Dispatcher, Redis and workers: leases, the cap, losing Redis, and a worker killed in the middle of a job."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import RedisError
from sqlalchemy import text

from portal import jobs
from portal.jobs import Bell, Dispatcher, queue_name
from portal.kernel import outbox
from portal.kernel.scopes import AsMerchant
from portal.wiring import SCHEDULE
from tests import make
from tests.jobs.news import GATE, GateReached, TeaBrewed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from portal.config import Config
    from portal.kernel.db import Database

LEASE_S = 2.0
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def acme(db: Database) -> UUID:
    """A merchant."""
    return make.merchant(db, make.site(db))


@pytest.fixture
def start_worker(config: Config, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start workers as programs; whatever still runs is ended afterwards."""
    config.var.mkdir(parents=True)
    settings = tmp_path / "config.json"
    settings.write_text(json.dumps(dataclasses.asdict(config), default=str))
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.worker_program", str(settings), str(LEASE_S)], cwd=ROOT
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(autouse=True)
def _tidy_redis(config: Config) -> Iterator[None]:
    yield
    forget_redis(config)


def forget_redis(config: Config) -> None:
    """Lose everything that this test's installation has in Redis."""
    redis = jobs.connect(config)
    for pattern in (f"{config.redis_prefix}*", f"rq:queue:{config.redis_prefix}*"):
        for key in redis.scan_iter(pattern):
            redis.delete(key)


def tell(db: Database, *events: Any) -> None:
    with db.transaction(AsMerchant(events[0].merchant_id)) as session:
        outbox.record(session, *events)


def count(superuser: Any, sql: str) -> int:
    superuser.rollback()
    return superuser.execute(text(sql)).scalar()


def wait_for(condition: Callable[[], bool], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)


def rung_already(config: Config) -> None:
    """Let the clock's jobs have been handed on just now by another dispatcher, so that the queue holds news alone."""
    for entry in SCHEDULE:
        jobs.connect(config).set(f"{config.redis_prefix}schedule:{entry.name}", "1")


def test_only_ids_are_in_redis(db: Database, config: Config, acme: UUID, superuser: Any) -> None:
    rung_already(config)
    tell(db, TeaBrewed(acme, "a secret cup"))
    assert Dispatcher(db, config).go_round() == 1
    redis: Any = jobs.connect(config)
    [job_id] = redis.lrange(f"rq:queue:{queue_name(config)}", 0, -1)
    kept = redis.hgetall(f"rq:job:{job_id.decode()}")
    assert job_id.decode() == str(superuser.execute(text("SELECT id FROM outbox")).scalar())
    assert b"secret" not in b"".join(kept.values())
    assert str(acme).encode() not in b"".join(kept.values())


def test_a_leased_row_is_not_sent_twice_until_its_lease_is_over(
    db: Database, config: Config, acme: UUID
) -> None:
    rung_already(config)
    dispatcher = Dispatcher(db, config, lease_s=0.5)
    tell(db, TeaBrewed(acme, "blue"))
    assert [dispatcher.go_round(), dispatcher.go_round()] == [1, 0]
    time.sleep(0.6)
    assert dispatcher.go_round() == 1
    assert jobs.connect(config).llen(f"rq:queue:{queue_name(config)}") == 1, "it was waiting there already"


def test_the_queue_is_capped(db: Database, config: Config, acme: UUID, superuser: Any) -> None:
    rung_already(config)
    tell(db, *(TeaBrewed(acme, f"cup {n}") for n in range(450)))
    dispatcher = Dispatcher(db, config)
    assert [dispatcher.go_round(), dispatcher.go_round()] == [400, 0]
    assert count(superuser, "SELECT count(*) FROM outbox WHERE leased_until IS NULL") == 50


def test_two_dispatchers_share_the_rows(db: Database, config: Config, acme: UUID) -> None:
    tell(db, TeaBrewed(acme, "blue"), TeaBrewed(acme, "red"))
    assert Dispatcher(db, config).go_round() + Dispatcher(db, config).go_round() == 2


def test_without_redis_rows_stay_due(
    db: Database, config: Config, acme: UUID, superuser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(db, TeaBrewed(acme, "blue"))
    gone = dataclasses.replace(config, redis_url="redis://127.0.0.1:1/0")
    with pytest.raises(RedisError):
        Dispatcher(db, gone).go_round()
    assert count(superuser, "SELECT count(*) FROM outbox WHERE leased_until IS NULL AND attempts = 0") == 1
    # Gone between the look at the queue and the handing on: the lease is given back.
    dispatcher = Dispatcher(db, gone)
    monkeypatch.setattr(Bell, "ring_schedule", lambda _: None)
    monkeypatch.setattr(Bell, "room", lambda _: 400)
    with pytest.raises(RedisError):
        dispatcher.go_round()
    assert count(superuser, "SELECT count(*) FROM outbox WHERE leased_until IS NULL") == 1


def test_a_worker_killed_in_the_middle_of_a_job_loses_and_doubles_nothing(
    db: Database,
    config: Config,
    acme: UUID,
    superuser: Any,
    start_worker: Callable[[], subprocess.Popen[bytes]],
) -> None:
    first = start_worker()
    (config.var / GATE).touch()
    tell(db, GateReached(acme))
    dispatcher = Dispatcher(db, config, lease_s=LEASE_S)
    assert dispatcher.go_round() == 1
    wait_for((config.var / "at_the_gate").exists)
    os.kill(int((config.var / "at_the_gate").read_text()), signal.SIGKILL)
    first.wait(10)
    (config.var / GATE).unlink()
    assert count(superuser, "SELECT count(*) FROM audit_entries") == 0, (
        "what it had written was never committed"
    )
    assert count(superuser, "SELECT count(*) FROM outbox WHERE done_at IS NULL AND attempts = 1") == 1

    start_worker()
    wait_for(
        lambda: (
            dispatcher.go_round() > 0
            or count(superuser, "SELECT count(*) FROM outbox WHERE done_at IS NOT NULL") == 1
        )
    )
    wait_for(lambda: count(superuser, "SELECT count(*) FROM outbox WHERE done_at IS NOT NULL") == 1)
    assert count(superuser, "SELECT count(*) FROM audit_entries WHERE action = 'gate'") == 1
    assert count(superuser, "SELECT count(*) FROM outbox_receipts") == 1


def test_losing_everything_in_redis_costs_time_only(
    db: Database,
    config: Config,
    acme: UUID,
    superuser: Any,
    start_worker: Callable[[], subprocess.Popen[bytes]],
) -> None:
    dispatcher = Dispatcher(db, config, lease_s=LEASE_S)
    tell(db, *(TeaBrewed(acme, f"cup {n}") for n in range(20)))
    assert dispatcher.go_round() == 20
    forget_redis(config)
    start_worker()

    def all_done() -> bool:
        dispatcher.go_round()
        return count(superuser, "SELECT count(*) FROM outbox WHERE done_at IS NOT NULL") == 20

    wait_for(all_done)
    assert count(superuser, "SELECT count(*) FROM audit_entries WHERE action = 'pour'") == 20
    assert count(superuser, "SELECT count(DISTINCT subject) FROM audit_entries WHERE action = 'pour'") == 20
