"""Starting, finding and stopping the pair of servers that belongs to a folder.

The servers belong to the folder and not to a process: whoever needs them asks, the first one starts them, and they run
until `stop`. They live in sessions of their own, so that Ctrl-C in a terminal ends the portal and never its data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from portal.embedded import postgres_server, redis_server
from portal.embedded.addresses import Servers
from portal.embedded.home import find_home, has_lost_data, locked, make_home, move_lost_data

if TYPE_CHECKING:
    from pathlib import Path

    from portal.embedded.home import Home


def ensure_running(folder: Path, *, durable: bool = True) -> Servers:
    """Start what does not run of this folder's PostgreSQL 18 and Redis, and return their addresses.

    Any number of processes may call it at the same time, as often as they like; a server that runs already is left
    alone, whatever settings it was started with. `durable=False` trades safety against a power cut for speed (tests).
    PostgreSQL's superuser is `postgres`; authentication is `trust` on a socket in a folder that only the servers' user
    (and root) may enter. As root the servers run as `nobody`, or as the user who owns the data.
    Raises EmbeddedError, whose sentence says what to do.
    """
    home = find_home(folder)
    if _both_run(home):
        return _servers(home)
    with locked(home):
        if has_lost_data(home):
            _stop_both(home)
            move_lost_data(home)
        make_home(home)
        if not postgres_server.is_running(home):
            postgres_server.start(home, durable=durable)
        if not redis_server.is_running(home):
            redis_server.start(home, durable=durable)
    return _servers(home)


def status(folder: Path) -> Servers | None:
    """Return the addresses of this folder's servers, or None unless both of them run. Starts nothing."""
    home = find_home(folder)
    return _servers(home) if _both_run(home) else None


def stop(folder: Path) -> bool:
    """Stop this folder's servers after they have written everything; return whether any of them ran."""
    home = find_home(folder)
    if not home.folder.is_dir():
        return False
    with locked(home):
        return _stop_both(home)


def _both_run(home: Home) -> bool:
    return not has_lost_data(home) and postgres_server.is_running(home) and redis_server.is_running(home)


def _stop_both(home: Home) -> bool:
    # Redis first: without its queue nobody begins new work in the database.
    redis_ran = redis_server.stop(home)
    return postgres_server.stop(home) or redis_ran


def _servers(home: Home) -> Servers:
    return Servers(
        postgres_socket_dir=home.sockets,
        postgres_port=postgres_server.PORT,
        redis_url=f"unix://{quote(str(home.redis_socket), safe='/')}?db=0",
    )
