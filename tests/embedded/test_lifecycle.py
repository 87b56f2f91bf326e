"""Starting once, sharing, stopping: whoever asks first starts the servers, and nobody starts them twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from portal.embedded import Servers, ensure_running, status, stop
from portal.embedded.processes import is_alive
from tests.embedded.conftest import pids, queue, setting, sql

if TYPE_CHECKING:
    from pathlib import Path

STARTER = """
import sys
from pathlib import Path
from portal.embedded import ensure_running
print(ensure_running(Path(sys.argv[1])), flush=True)
if "wait" in sys.argv:
    sys.stdin.read()
"""


def test_both_start_without_a_port_and_answer_on_private_sockets(folder: Path) -> None:
    assert status(folder) is None
    servers = ensure_running(folder)
    assert status(folder) == servers == Servers(folder / "run", 5432, f"unix://{folder}/run/redis.sock?db=0")
    assert setting(servers, "server_version_num").startswith("18")
    assert setting(servers, "listen_addresses") == ""
    assert setting(servers, "max_connections") == "200"
    assert setting(servers, "fsync") == "on"
    assert setting(servers, "synchronous_commit") == "on"
    assert setting(servers, "data_checksums") == "on"
    assert setting(servers, "TimeZone") == "UTC"
    assert sql(servers, "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding) FROM pg_database")[
        0
    ] == (
        *("b", "C.UTF-8"),
        "UTF8",
    )
    with queue(servers) as client:
        wanted = {
            "port": "0",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        assert {name: client.config_get(name)[name] for name in wanted} == wanted
    assert oct((folder / "run").stat().st_mode)[-3:] == "700"
    assert oct((folder / "postgres").stat().st_mode)[-3:] == "700"


def test_the_address_names_login_database_and_socket() -> None:
    from pathlib import Path

    servers = Servers(Path("/srv/a b/run"), 5432, "unix:///srv/a b/run/redis.sock?db=0")
    assert servers.postgres_url("shop", "portal_app") == (
        "postgresql+psycopg://portal_app@/shop?host=/srv/a%20b/run&port=5432"
    )


def test_asking_again_changes_nothing_and_stopping_keeps_the_data(folder: Path) -> None:
    servers = ensure_running(folder)
    before = pids(servers)
    sql(servers, "CREATE TABLE t AS SELECT 7 AS n")
    with queue(servers) as client:
        client.set("k", "v")
    assert ensure_running(folder) == servers
    assert pids(servers) == before
    assert stop(folder) is True
    assert status(folder) is None
    assert stop(folder) is False
    assert not any(map(is_alive, before))
    assert ensure_running(folder) == servers
    assert pids(servers) != before
    assert sql(servers, "SELECT n FROM t") == [(7,)]
    with queue(servers) as client:
        assert client.get("k") == "v"


def test_stopping_a_folder_that_was_never_used_makes_nothing(folder: Path) -> None:
    assert stop(folder) is False
    assert status(folder) is None
    assert not folder.exists()


def test_three_processes_at_once_get_one_pair_of_servers(folder: Path) -> None:
    starters = [
        subprocess.Popen([sys.executable, "-c", STARTER, folder], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = {starter.communicate(timeout=120)[0] for starter in starters}
    assert [starter.returncode for starter in starters] == [0, 0, 0]
    servers = status(folder)
    assert servers is not None
    assert answers == {f"{servers}\n"}
    log = (folder / "log" / "postgres.log").read_text()
    assert log.count("starting PostgreSQL") == 1
    assert "FATAL" not in log
    assert (folder / "log" / "redis.log").read_text().count("just started") == 1


def test_only_the_missing_one_is_started(folder: Path) -> None:
    servers = ensure_running(folder)
    postgres, old_redis = pids(servers)
    os.kill(old_redis, signal.SIGTERM)
    _wait_for_end(old_redis)
    assert status(folder) is None
    ensure_running(folder)
    assert pids(servers)[0] == postgres
    assert pids(servers)[1] != old_redis


def test_ctrl_c_in_the_terminal_of_the_starter_does_not_reach_the_servers(folder: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, folder, "wait"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert starter.stdout is not None
    starter.stdout.readline()
    servers = status(folder)
    assert servers is not None
    before = pids(servers)
    os.killpg(starter.pid, signal.SIGINT)
    starter.communicate(timeout=30)
    assert starter.returncode == -signal.SIGINT
    assert status(folder) == servers
    assert pids(servers) == before


def test_fast_settings_are_for_tests(folder: Path) -> None:
    servers = ensure_running(folder, durable=False)
    assert {
        name: setting(servers, name) for name in ("fsync", "full_page_writes", "autovacuum", "data_checksums")
    } == {
        "fsync": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
        "data_checksums": "off",
    }
    with queue(servers) as client:
        assert client.config_get("appendonly")["appendonly"] == "no"


def test_a_long_path_gets_a_short_socket(folder: Path) -> None:
    deep = folder / ("deep" * 20)
    servers = ensure_running(deep)
    try:
        assert not servers.postgres_socket_dir.is_relative_to(folder)
        assert len(str(servers.postgres_socket_dir / ".s.PGSQL.5432")) <= 107
        assert oct(servers.postgres_socket_dir.stat().st_mode)[-3:] == "700"
        assert sql(servers, "SELECT 1") == [(1,)]
        assert (deep / "postgres" / "PG_VERSION").read_text() == "18\n"
    finally:
        assert stop(deep) is True
        for leftover in servers.postgres_socket_dir.iterdir():
            leftover.unlink()
        servers.postgres_socket_dir.rmdir()


@pytest.mark.parametrize("awkward", ["with space", "it's", "comma,comma", "ümläut", "per%cent"])
def test_awkward_folder_names_work(folder: Path, awkward: str) -> None:
    servers = ensure_running(folder / awkward, durable=False)
    try:
        assert sql(servers, "SELECT 1") == [(1,)]
        with queue(servers) as client:
            assert client.ping() is True
    finally:
        assert stop(folder / awkward) is True


def _wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
