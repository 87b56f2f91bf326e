"""Starts, asks and stops the built-in Redis: a Unix socket, an append-only file, and no port.

Speaks the few words that it needs over the socket itself, so that no client library is loaded.
"""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING

from portal.embedded.addresses import EmbeddedError
from portal.embedded.home import disk_full, plain_sentences
from portal.embedded.logs import news, prepare
from portal.embedded.processes import end, run_as, titled, wait_until
from portal.embedded.programs import redis_program

if TYPE_CHECKING:
    from portal.embedded.home import Home

ANSWER_TIMEOUT_S = 5
START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 60
HOPELESS_AFTER_S = 1.5
MULTI_PART_SINCE = (7, 0)
"""Since Redis 7 the append-only file is a folder, which an older server would not see (Redis 7.0 release notes)."""


def is_running(home: Home) -> bool:
    """Whether this folder's Redis answers. Raises EmbeddedError when something else answers on its socket."""
    reply = _ask(home, "CONFIG GET dir")
    if reply is None or reply.startswith("-LOADING"):
        return False
    words = reply.split("\r\n")
    if words[:3] == ["*2", "$3", "dir"] and len(words) > 4:
        if words[4] == str(home.redis):
            return home.redis.is_dir()
        if words[4] == "":
            return False  # ours, but its folder has been removed under it: start() ends it
    raise _stranger(home)


def start(home: Home, *, durable: bool) -> None:
    """Start Redis on this folder's data; without `durable` nothing is written to disk. Raises EmbeddedError."""
    reply = _ask(home, "PING")
    if reply is not None and reply.startswith("-LOADING"):
        _wait(home, offset=None)
        return
    program, version = redis_program(home.identity)
    with plain_sentences(home.redis):
        has_newer_data = (home.redis / "appendonlydir").is_dir()
    if durable and has_newer_data and version < MULTI_PART_SINCE:
        raise EmbeddedError(
            f"The data in {home.redis} was written by Redis 7 or newer, but only {version[0]}.{version[1]} was found; "
            "install the newer one again (on Debian and Ubuntu: apt-get install redis-server)."
        )
    # One that lost its socket or its folder would go on writing the same file.
    _end(home)
    log = home.log / "redis.log"
    offset = prepare(log)
    settings = {
        "port": "0",
        "unixsocket": str(home.redis_socket),
        "unixsocketperm": "700",
        "daemonize": "yes",
        "dir": str(home.redis),
        "logfile": str(log),
        "save": "",
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        # A queue that forgets work under pressure would be worse than one that refuses it.
        "maxmemory-policy": "noeviction",
    }
    arguments = [part for name, value in settings.items() for part in (f"--{name}", value)]
    run_as(home.identity, [program, *arguments], timeout_s=30)
    _wait(home, offset=offset)


def stop(home: Home) -> bool:
    """Stop this folder's Redis after it has written its file; return whether one ran."""
    was_running = is_running(home)
    if was_running:
        _ask(home, "SHUTDOWN")
    return _end(home) or was_running


def _wait(home: Home, *, offset: int | None) -> None:
    began = time.monotonic()

    def is_settled() -> bool:
        if is_running(home):
            return True
        return time.monotonic() - began > HOPELESS_AFTER_S and not _processes(home)

    wait_until(is_settled, within_s=START_TIMEOUT_S)
    if is_running(home):
        return
    log = home.log / "redis.log"
    lines = news(log, offset or 0)
    if any("No space left on device" in line for line in lines):
        raise disk_full(home.redis)
    last = next((line for line in reversed(lines) if " # " in line), "nothing")
    raise EmbeddedError(
        f"The built-in Redis did not start: its log {log} says “{last.rpartition(' # ')[2]}”; "
        "mend that and run the same command again."
    )


def _processes(home: Home) -> list[int]:
    # The title once it runs, and the command line before it has set one.
    marks = (f"unixsocket:{home.redis_socket}", f"--unixsocket {home.redis_socket}")
    return sorted({pid for mark in marks for pid in titled(mark, home.identity)})


def _end(home: Home) -> bool:
    """End every process of this folder's Redis; return whether there was one."""
    pids = _processes(home)
    if pids and not end(pids, signal.SIGTERM, within_s=STOP_TIMEOUT_S):
        end(pids, signal.SIGKILL, within_s=10)
    return bool(pids)


def _ask(home: Home, command: str) -> str | None:
    """Send one command; return the answer, or None where nobody listens."""
    with plain_sentences(home.sockets), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        try:
            connection.connect(str(home.redis_socket))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return None
        try:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(65536).decode(errors="replace")
        except ConnectionError:
            return None
        except TimeoutError as error:
            raise _stranger(home) from error


def _stranger(home: Home) -> EmbeddedError:
    return EmbeddedError(
        f"Another program holds {home.redis_socket}, where the built-in Redis should answer; "
        f"end it (`fuser {home.redis_socket}` names it) and run the same command again."
    )
