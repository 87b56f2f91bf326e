"""Makes, starts, asks and stops the built-in PostgreSQL: a Unix socket and no port, data of one major version.

The socket's folder is open to the servers' user alone (and root), and on it everybody is trusted: who reaches it is the
superuser `postgres`. That is right for one machine's own programs and for nothing else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import struct
from typing import TYPE_CHECKING

from portal.embedded.addresses import EmbeddedError
from portal.embedded.home import disk_full, plain_sentences
from portal.embedded.logs import news, prepare
from portal.embedded.processes import end, is_alive, run_as, titled, wait_until
from portal.embedded.programs import POSTGRES_MAJOR, postgres_programs

if TYPE_CHECKING:
    from pathlib import Path

    from portal.embedded.home import Home

PORT = 5432
"""Only part of the socket's name: nothing listens on the network."""
ANSWER_TIMEOUT_S = 5
START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 60
SMALL_SHARED_MEMORY_BYTES = 256_000_000
PROTOCOL_3 = 196608
CANNOT_CONNECT_NOW = b"C57P03\0"
SUPERUSER = "postgres"


def is_running(home: Home) -> bool:
    """Whether this folder's PostgreSQL takes connections."""
    return _postmaster(home) is not None and _answers(home)


def start(home: Home, *, durable: bool) -> None:
    """Start PostgreSQL on this folder's data, made if there is none. Raises EmbeddedError.

    Without `durable` a power cut may cost the data, in return for speed: for tests only.
    """
    programs = postgres_programs(home.identity)
    _check_data(home.postgres)
    if _postmaster(home) is not None:
        # Another start or stop is under way: a server that recovers for long, or one that is told to end.
        wait_until(lambda: _postmaster(home) is None or _answers(home), within_s=START_TIMEOUT_S)
        if is_running(home):
            return
    _clear_remains(home)
    log = home.log / "postgres.log"
    with plain_sentences(home.postgres):
        if not home.postgres.exists():
            _make_data(home, programs, durable=durable)
        _write_settings(home, durable=durable)
    offset = prepare(log)
    done = run_as(
        home.identity,
        [programs / "pg_ctl", "start", "-w", "-t", str(START_TIMEOUT_S), "-D", home.postgres, "-l", log],
        timeout_s=START_TIMEOUT_S + 30,
    )
    if done.returncode != 0 or not is_running(home):
        raise _start_error(home, log, news(log, offset) or done.stdout.splitlines())


def stop(home: Home) -> bool:
    """Stop this folder's PostgreSQL, ending open connections; return whether one ran."""
    pid = _postmaster(home)
    if pid is None:
        return False
    if not end([pid], signal.SIGINT, within_s=STOP_TIMEOUT_S):
        # Immediate shutdown: the next start recovers from the log, nothing committed is lost.
        end([pid], signal.SIGQUIT, within_s=10)
    return True


def _check_data(data: Path) -> None:
    with plain_sentences(data):
        if not data.exists():
            return
        version_file = data / "PG_VERSION"
        if version_file.exists():
            version = version_file.read_text().strip()
            if version != str(POSTGRES_MAJOR):
                raise EmbeddedError(
                    f"The data in {data} was written by PostgreSQL {version}, but this version of Parcelyard runs {POSTGRES_MAJOR}; "
                    "load it with pg_dump and pg_restore, or move the folder away to begin with empty data."
                )
            return
        if any(data.iterdir()):
            raise EmbeddedError(
                f"The folder {data} holds files but no PostgreSQL data; move it away, or set PARCELYARD_VAR to another folder."
            )
        data.rmdir()


def _make_data(home: Home, programs: Path, *, durable: bool) -> None:
    # Made aside and renamed, so that a set-up that was cut off is never taken for data.
    fresh = home.base / "postgres.new"
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(mode=0o700)
    os.chown(fresh, home.identity.uid, home.identity.gid)
    quick = [] if durable else ["--no-sync", "--no-data-checksums"]
    done = run_as(
        home.identity,
        [
            *(programs / "initdb", "-D", fresh, "-U", SUPERUSER, "-A", "trust", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *quick,
        ],
        timeout_s=START_TIMEOUT_S,
    )
    if done.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        if "No space left on device" in done.stdout or "File too large" in done.stdout:
            raise disk_full(home.postgres)
        last = done.stdout.strip().splitlines()[-1:] or ["it said nothing"]
        raise EmbeddedError(
            f"The data folder {home.postgres} could not be made ({last[0]}); "
            "mend that, or set PARCELYARD_VAR to another folder."
        )
    fresh.rename(home.postgres)


def _write_settings(home: Home, *, durable: bool) -> None:
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(home.sockets),
        "unix_socket_permissions": "0700",
        "cluster_name": _name(home),
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    shared_memory = shutil.disk_usage("/dev/shm").total if os.path.isdir("/dev/shm") else None  # noqa: S108 (asked for its size only)
    if shared_memory is not None and shared_memory < SMALL_SHARED_MEMORY_BYTES:
        # Containers give 64 MB by default, which one parallel query can fill.
        settings["dynamic_shared_memory_type"] = "mmap"
    if not durable:
        settings |= {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "autovacuum": "off",
            "jit": "off",
        }
    path = home.postgres / "parcelyard.conf"
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
    partial = path.with_suffix(".partial")
    partial.write_text("# Written at every start.\n" + "".join(lines))
    os.chown(partial, home.identity.uid, home.identity.gid)
    partial.replace(path)
    main = home.postgres / "postgresql.conf"
    include = "include 'parcelyard.conf'\n"
    text = main.read_text()
    if include not in text:
        main.write_text(f"{text}\n{include}")


def _name(home: Home) -> str:
    return f"parcelyard-{hashlib.sha256(os.fsencode(home.postgres)).hexdigest()[:12]}"


def _postmaster(home: Home) -> int | None:
    """Return the process number of this folder's living server, by its own note and by what the process is."""
    note = home.postgres / "postmaster.pid"
    with plain_sentences(home.base):
        try:
            pid = int(note.read_text().split("\n", 1)[0])
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
    if not is_alive(pid):
        return None
    has_titles = bool(titled("", home.identity))
    return pid if not has_titles or pid in titled(f"-D {home.postgres} ", home.identity) else None


def _clear_remains(home: Home) -> None:
    """Remove what a killed server left: processes that still hold its memory, then its notes.

    A note alone would make the new server refuse to start when the number in it belongs to another process by now.
    """
    remains = [*titled(f"-D {home.postgres} ", home.identity), *titled(f"{_name(home)}: ", home.identity)]
    if remains and not wait_until(lambda: not any(map(is_alive, remains)), within_s=2):
        end(remains, signal.SIGKILL, within_s=10)
    with plain_sentences(home.base):
        (home.postgres / "postmaster.pid").unlink(missing_ok=True)
        (home.sockets / f".s.PGSQL.{PORT}").unlink(missing_ok=True)
        (home.sockets / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def _answers(home: Home) -> bool:
    """Sign in as the superuser and out again (PostgreSQL 18, chapter 54, message flow)."""
    words = b"user\0" + SUPERUSER.encode() + b"\0database\0postgres\0\0"
    greeting = struct.pack("!II", len(words) + 8, PROTOCOL_3) + words
    with plain_sentences(home.sockets), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        try:
            connection.connect(str(home.sockets / f".s.PGSQL.{PORT}"))
            connection.sendall(greeting)
            reply = b""
            while not reply.endswith(b"Z\0\0\0\x05I"):
                part = connection.recv(65536)
                if not part:
                    break
                reply += part
            if reply.startswith(b"R"):
                connection.sendall(b"X\0\0\0\x04")
        except (FileNotFoundError, ConnectionError, TimeoutError):
            return False
    # Any refusal but "not now" (too many clients, for one) comes from a server that runs.
    return reply.startswith(b"R") or (reply.startswith(b"E") and CANNOT_CONNECT_NOW not in reply)


def _start_error(home: Home, log: Path, lines: list[str]) -> EmbeddedError:
    if any("No space left on device" in line for line in lines):
        return disk_full(home.postgres)
    reasons = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
    last = (reasons or lines or ["nothing"])[-1]
    for level in ("FATAL:  ", "PANIC:  "):
        last = last.rpartition(level)[2]
    return EmbeddedError(
        f"The built-in PostgreSQL did not start: its log {log} says “{last}”; mend that and run the same command again."
    )
