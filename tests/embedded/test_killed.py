"""Killed servers come back with everything that was committed, and what they leave behind stops nobody."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import psycopg
import pytest

from portal.embedded import ensure_running, status, stop
from portal.embedded.processes import is_alive
from tests.embedded.conftest import pids, queue, sql

if TYPE_CHECKING:
    from pathlib import Path


def test_kill_9_of_both_keeps_what_was_committed(folder: Path) -> None:
    servers = ensure_running(folder)
    sql(servers, "CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) AS n")
    with queue(servers) as client:
        client.rpush("jobs", *map(str, range(1000)))
    old = pids(servers)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    # Asked at once, while children of the killed server may still hold its memory.
    assert ensure_running(folder) == servers
    assert set(pids(servers)).isdisjoint(old)
    assert sql(servers, "SELECT count(*), sum(n) FROM t") == [(1000, 500500)]
    with queue(servers) as client:
        assert client.lrange("jobs", 0, -1) == [str(n) for n in range(1000)]


def test_kill_9_under_an_open_transaction_loses_only_that(folder: Path) -> None:
    servers = ensure_running(folder)
    sql(servers, "CREATE TABLE t (n int)")
    sql(servers, "INSERT INTO t VALUES (1)")
    address = f"host={servers.postgres_socket_dir} port=5432 user=postgres dbname=postgres"
    with psycopg.connect(address) as connection:
        connection.execute("INSERT INTO t VALUES (2)")
        os.kill(pids(servers)[0], signal.SIGKILL)
        ensure_running(folder)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert sql(servers, "SELECT n FROM t") == [(1,)]


def test_a_busy_back_end_of_a_killed_server_is_ended(folder: Path) -> None:
    servers = ensure_running(folder)
    address = f"host={servers.postgres_socket_dir} port=5432 user=postgres dbname=postgres"
    connection = psycopg.connect(address)
    busy = connection.info.backend_pid
    # Without `pg_sleep`, which would notice: a loop inside one expression looks up at nothing.
    connection.pgconn.send_query(b"SELECT sum(length(md5(n::text))) FROM generate_series(1, 100000000) AS n")
    connection.pgconn.flush()
    os.kill(pids(servers)[0], signal.SIGKILL)
    ensure_running(folder)
    assert not is_alive(busy)
    assert sql(servers, "SELECT 1") == [(1,)]
    connection.pgconn.finish()


def test_notes_that_name_a_living_stranger_are_not_believed(folder: Path) -> None:
    servers = ensure_running(folder)
    sql(servers, "CREATE TABLE t AS SELECT 1 AS n")
    note = (folder / "postgres" / "postmaster.pid").read_text()
    socket_note = (folder / "run" / ".s.PGSQL.5432.lock").read_text()
    postgres, redis = pids(servers)
    owner = (folder / "postgres").stat()
    for pid in (postgres, redis):
        os.kill(pid, signal.SIGKILL)
    stop(folder)
    for path, text in (
        (folder / "postgres" / "postmaster.pid", note),
        (folder / "run" / ".s.PGSQL.5432.lock", socket_note),
    ):
        path.write_text(text.replace(str(postgres), str(os.getpid())))
        path.chmod(0o600)
        os.chown(path, owner.st_uid, owner.st_gid)
    (folder / "servers.lock").write_text("left by a process that is long gone\n")
    assert status(folder) is None
    assert ensure_running(folder) == servers
    assert sql(servers, "SELECT n FROM t") == [(1,)]


def test_stop_after_a_kill_says_that_nothing_ran(folder: Path) -> None:
    servers = ensure_running(folder)
    for pid in pids(servers):
        os.kill(pid, signal.SIGKILL)
    assert stop(folder) is False
    assert status(folder) is None


def test_a_cut_off_append_only_file_is_read_as_far_as_it_goes(folder: Path) -> None:
    servers = ensure_running(folder)
    with queue(servers) as client:
        client.set("whole", "yes")
    os.kill(pids(servers)[1], signal.SIGKILL)
    [file] = [path for path in (folder / "redis").rglob("*.aof") if "base" not in path.name]
    with file.open("ab") as stream:
        stream.write(b"*3\r\n$3\r\nSET\r\n$4\r\nhal")
    ensure_running(folder)
    with queue(servers) as client:
        assert client.get("whole") == "yes"
        assert client.dbsize() == 1


def test_a_removed_folder_begins_anew_while_the_old_servers_still_ran(folder: Path) -> None:
    servers = ensure_running(folder)
    sql(servers, "CREATE TABLE t AS SELECT 1 AS n")
    old = pids(servers)
    shutil.rmtree(folder)
    assert status(folder) is None
    assert ensure_running(folder) == servers
    assert set(pids(servers)).isdisjoint(old)
    assert not any(map(is_alive, old))
    assert sql(servers, "SELECT to_regclass('t') IS NULL") == [(True,)]
