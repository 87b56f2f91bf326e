"""Folders for servers of their own, and a way to act as another user of the machine."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis

from portal.embedded import EmbeddedError, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from portal.embedded import Servers


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the servers' user can reach (pytest's own temporary folders are closed to it), stopped afterwards."""
    path = Path(tempfile.mkdtemp(prefix="py-"))
    path.chmod(0o755)
    yield path / "var"
    if (path / "var").is_dir():
        stop(path / "var")
    shutil.rmtree(path)


def sql(servers: Servers, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Run one committed statement as the superuser."""
    host, port = str(servers.postgres_socket_dir), servers.postgres_port
    with psycopg.connect(host=host, port=port, user="postgres", dbname="postgres") as connection:
        cursor = connection.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []


def setting(servers: Servers, name: str) -> str:
    return sql(servers, "SELECT current_setting(%s)", name)[0][0]


def queue(servers: Servers) -> redis.Redis:
    return redis.Redis.from_url(servers.redis_url, decode_responses=True)


def pids(servers: Servers) -> tuple[int, int]:
    """The process numbers of PostgreSQL and Redis."""
    postgres = sql(servers, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int")[0][0]
    with queue(servers) as client:
        return postgres, int(client.info("server")["process_id"])


def as_user(name: str, action: Callable[[], object]) -> Any:
    """Run `action` in a child process that has become user `name`; return its answer, or the sentence of its refusal."""
    entry = pwd.getpwnam(name)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            os.setgroups([])
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)
            answer: object = action()
        except EmbeddedError as refusal:
            answer = str(refusal)
        except BaseException:  # noqa: BLE001 (the child must not return into pytest)
            answer = traceback.format_exc()
        os.write(writing, json.dumps(answer, default=str).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = json.load(pipe)
    os.waitpid(child, 0)
    return answer
