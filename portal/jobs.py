"""News on its way: outbox row → Redis (RQ, ids only) → worker → reactions → receipts. The only importer of rq.

PostgreSQL alone knows what is done. Redis is a bell: losing all of it costs the rest of a lease, never work, and a worker
killed at any moment loses and doubles nothing, because a reaction and its receipt are one transaction.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import typing
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy.exc import DBAPIError, OperationalError

from portal.kernel import deliveries
from portal.kernel.db import enter, run
from portal.kernel.scopes import AsDispatch, AsOffice, AsSystem
from portal.wiring import REACTIONS, SCHEDULE, Speaks, Writes

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.config import Config
    from portal.kernel.db import Database

QUEUE_CAP = 400
"""Ids that may wait in Redis. A longer queue would outlive its leases, and every row would be sent twice and again."""

LEASE_S = 60.0
IDLE_S = 0.2
REDIS_WAIT_S = 1.0

_UNKNOWN = "It was written by another version; update the workers, then try again."

log = structlog.get_logger("portal.jobs")

Reactions = Mapping[type[Any], tuple["Writes | Speaks", ...]]


class Courier:
    """Brings one outbox row after another to its reactions, each exactly once as far as rows are concerned."""

    def __init__(
        self,
        database: Database,
        config: Config,
        *,
        lease_s: float = LEASE_S,
        reactions: Reactions = REACTIONS,
    ) -> None:
        """Take the logins, the settings that reactions get, and the reactions by event."""
        self._database = database
        self._config = config
        self._lease_s = lease_s
        self._reactions = reactions
        self._events = {event.__name__: event for event in reactions}

    def deliver(self, outbox_id: UUID) -> None:
        """Run every reaction of a row that has no receipt yet. Failures are kept on the row and tried again later."""
        with self._database.job(AsDispatch()) as session:
            begun = deliveries.begin(session, outbox_id, lease_s=self._lease_s)
        if begun is None:
            return
        with structlog.contextvars.bound_contextvars(
            outbox_id=str(begun.id), event_name=begun.event, merchant_id=str(begun.merchant_id or "")
        ):
            if begun.event not in self._events:
                self._put_off(begun, f"Nothing here knows the news {begun.event}. {_UNKNOWN}", for_good=True)
                return
            try:
                done = self._react(begun)
            except (
                Exception
            ) as error:  # whatever a reaction raises is kept on its row, for the next try and for the office
                log.warning("reaction_failed", attempts=begun.attempts, exc_info=True)
                self._put_off(begun, describe(error))
            else:
                log.info("delivered", attempts=begun.attempts, reactions=done)

    def deliver_due(self, *, limit: int = 10_000) -> int:
        """Deliver what is due now in this process, without Redis, until nothing is; return how many rows that was."""
        total = 0
        while total < limit:
            with self._database.transaction(AsDispatch()) as session:
                ids = deliveries.claim(session, limit=100, lease_s=self._lease_s)
            for outbox_id in ids:
                self.deliver(outbox_id)
            if not ids:
                break
            total += len(ids)
        return total

    def _react(self, begun: deliveries.Begun) -> list[str]:
        done: list[str] = []
        event_type = self._events[begun.event]
        wanted = {reaction.name for reaction in self._reactions[event_type]}
        for reaction in self._reactions[event_type]:
            if isinstance(reaction, Speaks):
                event = self._speaking_event(begun, event_type, reaction.name)
                if event is not None:
                    reaction.function(self._database, event, self._config)
                    done.append(reaction.name)
            with self._locked(begun.id) as session:
                if session is None:
                    return done
                if reaction.name not in deliveries.receipts(session, begun.id):
                    enter(session, _scope(begun, reaction.name))
                    if isinstance(reaction, Writes):
                        reaction.function(
                            session, revive(event_type, deliveries.payload(session, begun.id)), self._config
                        )
                        done.append(reaction.name)
                    deliveries.write_receipt(session, begun.id, reaction.name)
                    enter(session, AsDispatch())
                if deliveries.receipts(session, begun.id) >= wanted:
                    deliveries.finish(session, begun.id)
        if not wanted:
            with self._locked(begun.id) as session:
                if session is not None:
                    deliveries.finish(session, begun.id)
        return done

    def _speaking_event(self, begun: deliveries.Begun, event_type: type[Any], name: str) -> Any | None:  # noqa: ANN401 (any event)
        """Return the event for a reaction that talks to the world, or None when it has its receipt.

        No lock is held while it talks: its own intent row decides who may, and the lease keeps others away.
        """
        with self._locked(begun.id) as session:
            if session is None or name in deliveries.receipts(session, begun.id):
                return None
            enter(session, _scope(begun, name))
            return revive(event_type, deliveries.payload(session, begun.id))

    @contextlib.contextmanager
    def _locked(self, outbox_id: UUID) -> typing.Iterator[Session | None]:
        with self._database.job(AsDispatch()) as session:
            yield session if deliveries.lock_open(session, outbox_id) else None

    def _put_off(self, begun: deliveries.Begun, error: str, *, for_good: bool = False) -> None:
        with self._database.job(AsDispatch()) as session:
            if deliveries.put_off(session, begun.id, attempts=begun.attempts, error=error, for_good=for_good):
                log.error("given_up", attempts=begun.attempts, error=error)


def _scope(begun: deliveries.Begun, reaction: str) -> AsSystem | AsOffice:
    return (
        AsSystem(begun.merchant_id, reason=f"{begun.event}: {reaction}") if begun.merchant_id else AsOffice()
    )


def revive(event_type: type[Any], payload: Mapping[str, Any]) -> Any:  # noqa: ANN401 (any event)
    """Make the event again from what the outbox kept: uuids and dates from their text, all else as it is."""
    hints = typing.get_type_hints(event_type)
    names = {field.name for field in dataclasses.fields(event_type)}
    return event_type(
        **{name: _revive(hints[name], value) for name, value in payload.items() if name in names}
    )


def _revive(hint: Any, value: Any) -> Any:  # noqa: ANN401 (any field of any event)
    kinds = typing.get_args(hint) or (hint,)
    if not isinstance(value, str) or str in kinds:
        return value
    if UUID in kinds:
        return UUID(value)
    if datetime in kinds:
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if date in kinds else value


def describe(error: Exception) -> str:
    """Return one line about an error for the office: of the database only its own message, never what was being written."""
    if isinstance(error, DBAPIError):
        message = (
            getattr(getattr(error.orig, "diag", None), "message_primary", None) or type(error.orig).__name__
        )
        return f"The database refused: {message}"[:500]
    first = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first}"[:500] if first else type(error).__name__


class Bell:
    """The queue in Redis that wakes workers. Holds ids and nothing else."""

    def __init__(self, config: Config, *, lease_s: float = LEASE_S) -> None:
        """Connect lazily to the configured Redis; keys carry the installation's prefix in the queue's name."""
        self._redis = connect(config)
        self._prefix = config.redis_prefix
        # A job that outlives its lease would be done by two workers at once; receipts bear that, mail servers need not.
        self._timeout_s = max(1, int(lease_s * 0.9))
        self._queue = Queue(queue_name(config), connection=self._redis, serializer=JSONSerializer)

    def room(self) -> int:
        """Return how many more ids may wait."""
        return QUEUE_CAP - self._queue.count

    def ring(self, ids: list[UUID]) -> None:
        """Hand on the ids that are not waiting already."""
        waiting = set(self._queue.job_ids)
        self._queue.enqueue_many(
            [self._job("portal.jobs.deliver", str(row)) for row in ids if str(row) not in waiting]
        )

    def ring_schedule(self) -> None:
        """Hand on what the schedule says is due. Who sets the mark in Redis first hands it on; the mark ends with the interval."""
        for entry in SCHEDULE:
            if self._redis.set(f"{self._prefix}schedule:{entry.name}", "1", nx=True, ex=entry.every_s):
                self._queue.enqueue_many([self._job("portal.jobs.run_scheduled", entry.name, job_id=None)])

    def _job(self, function: str, argument: str, *, job_id: str | None = "") -> Any:  # noqa: ANN401 (rq's own tuple)
        return Queue.prepare_data(  # pyright: ignore[reportUnknownMemberType] (rq leaves its containers open)
            function, args=(argument,), timeout=self._timeout_s, result_ttl=0, failure_ttl=3600, description=f"{function}({argument})",
            job_id=argument if job_id == "" else job_id,
        )  # fmt: skip


def connect(config: Config) -> Redis:
    """Return a client that does not wait long for a Redis that is gone: the outbox can."""
    return _client(config, socket_timeout=10, retry=Retry(ConstantBackoff(0.1), 1))


def _client(config: Config, **options: Any) -> Redis:  # noqa: ANN401 (redis-py's own options)
    return Redis.from_url(config.redis_url, socket_connect_timeout=2, **options)  # pyright: ignore[reportUnknownMemberType] (redis-py leaves it open)


def queue_name(config: Config) -> str:
    """Return the name of this installation's queue."""
    return f"{config.redis_prefix}news"


class Dispatcher:
    """Leases due rows and rings the bell for them, for ever. Several may run; `SKIP LOCKED` keeps them apart."""

    def __init__(self, database: Database, config: Config, *, lease_s: float = LEASE_S) -> None:
        """Take the logins (only the dispatcher's is used) and the settings."""
        self._database = database
        self._bell = Bell(config, lease_s=lease_s)
        self._lease_s = lease_s
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the loop to end after the round that it is in."""
        self._stop.set()

    def run(self) -> None:
        """Go round until stopped. A database or Redis that is gone is waited for."""
        log.info("dispatcher_started", lease_s=self._lease_s)
        while not self._stop.is_set():
            try:
                wait_s = 0.0 if self.go_round() else IDLE_S
            except (RedisError, OperationalError) as error:
                log.warning("dispatcher_waits", error=describe(error))
                wait_s = REDIS_WAIT_S
            if wait_s:
                self._stop.wait(wait_s)
        log.info("dispatcher_stopped")

    def go_round(self) -> int:
        """Lease what is due and hand it on once; return how many rows that was."""
        self._bell.ring_schedule()
        room = self._bell.room()
        if room <= 0:
            return 0
        with self._database.transaction(AsDispatch()) as session:
            ids = deliveries.claim(session, limit=room, lease_s=self._lease_s)
        if not ids:
            return 0
        try:
            self._bell.ring(ids)
        except RedisError:
            with self._database.transaction(AsDispatch()) as session:
                deliveries.give_back(session, ids)
            raise
        return len(ids)


@dataclasses.dataclass(frozen=True, slots=True)
class _Process:
    """What the functions that rq calls by name find in their process."""

    courier: Courier
    database: Database
    config: Config


_process: list[_Process] = []


def deliver(outbox_id: str) -> None:
    """Deliver one row; called by rq in a worker's process."""
    _process[-1].courier.deliver(UUID(outbox_id))


def run_scheduled(name: str) -> None:
    """Run one entry of the schedule, unless another worker is at it; called by rq in a worker's process."""
    mine = _process[-1]
    [entry] = [entry for entry in SCHEDULE if entry.name == name]
    with mine.database.transaction(AsDispatch()) as session:
        [row] = run(
            session,
            "SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))",
            {"name": f"schedule:{name}"},
        )
        if row[0]:
            log.info("scheduled", name=name, result=entry.function(mine.database, mine.config))


def work(
    database: Database,
    config: Config,
    *,
    lease_s: float = LEASE_S,
    max_jobs: int | None = None,
    reactions: Reactions = REACTIONS,
) -> None:
    """Be one worker in this process, until a signal or `max_jobs` ends it. A supervisor starts the next one."""
    _process.append(
        _Process(Courier(database, config, lease_s=lease_s, reactions=reactions), database, config)
    )
    # rq blocks for longer than our own socket timeout, so it gets a connection of its own.
    connection = _client(config)
    worker = SimpleWorker(
        [Queue(queue_name(config), connection=connection, serializer=JSONSerializer)],
        connection=connection,
        serializer=JSONSerializer,
    )
    worker.work(max_jobs=max_jobs, logging_level="WARNING")
