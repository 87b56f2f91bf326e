"""What the machine does not allow is a sentence that says what to do, and nothing is left half made."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from portal.embedded import EmbeddedError, ensure_running, status
from tests.embedded.conftest import as_user, pids, sql

if TYPE_CHECKING:
    from pathlib import Path

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def test_a_folder_of_other_files_is_not_taken_for_data(folder: Path) -> None:
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "holiday.jpg").write_bytes(b"\xff\xd8")
    with pytest.raises(
        EmbeddedError, match="holds files but no PostgreSQL data; move it away, or set PARCELYARD_VAR"
    ):
        ensure_running(folder)
    assert [path.name for path in (folder / "postgres").iterdir()] == ["holiday.jpg"]
    assert status(folder) is None


def test_a_stranger_on_the_socket_is_named_and_left_alone(folder: Path) -> None:
    ensure_running(folder)
    os.kill(pids(ensure_running(folder))[1], 9)
    path = folder / "run" / "redis.sock"
    with socket.socket(socket.AF_UNIX) as stranger:
        path.unlink()
        stranger.bind(str(path))
        stranger.listen()
        with pytest.raises(
            EmbeddedError,
            match=r"Another program holds .*redis\.sock, where the built-in Redis should answer",
        ):
            ensure_running(folder)
    path.unlink()
    ensure_running(folder)


@as_root
def test_roots_servers_run_as_nobody(folder: Path) -> None:
    servers = ensure_running(folder, durable=False)
    for pid in pids(servers):
        assert os.stat(f"/proc/{pid}").st_uid == 65534
    assert sql(servers, "SELECT 1") == [(1,)]


@as_root
def test_another_user_is_told_who_may_write_the_folder(folder: Path) -> None:
    folder.mkdir(mode=0o755)
    told = as_user("nobody", lambda: ensure_running(folder))
    assert told.startswith(f"User nobody may not write {folder}")
    assert "set PARCELYARD_VAR to a folder that you may write." in told
    assert list(folder.iterdir()) == []


@as_root
def test_root_goes_on_with_what_an_ordinary_user_began(folder: Path) -> None:
    folder.mkdir()
    os.chown(folder, 2, 2)
    user = "bin"
    began = as_user(
        user, lambda: sql(ensure_running(folder, durable=False), "CREATE TABLE t AS SELECT 5 AS n") == []
    )
    assert began is True
    assert sql(ensure_running(folder), "SELECT n FROM t") == [(5,)]
