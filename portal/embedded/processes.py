"""Starting programs under the servers' own user, and telling living server processes from dead and strange ones.

Decides nothing about servers: it starts, looks and signals. Needs Linux's `/proc` to recognise processes by their
title; where there is none, a process is known by its number alone.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portal.embedded.addresses import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Identity:
    """The operating system's user that the servers run as; PostgreSQL refuses to run as root."""

    uid: int
    gid: int
    name: str

    @property
    def is_other(self) -> bool:
        """Whether this is another user than the one who asks, which only root can arrange."""
        return self.uid != os.geteuid()


def own_identity() -> Identity:
    """Return the user who asks."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run under a number without a name
        name = str(uid)
    return Identity(uid, os.getegid(), name)


def identity_of(uid: int) -> Identity:
    """Return a user by number. Raises EmbeddedError where the system does not know the number."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError as error:
        raise EmbeddedError(
            f"The data belongs to user number {uid}, whom this system does not know; run Parcelyard as the user "
            "who made the data, or give the folder to a known user with chown -R."
        ) from error
    return Identity(entry.pw_uid, entry.pw_gid, entry.pw_name)


def nobody() -> Identity:
    """Return the user without rights that root's servers run as. Raises EmbeddedError where there is none."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedError(
            "This system has no user 'nobody' for the built-in servers to run as; "
            "run Parcelyard as an ordinary user instead of root."
        ) from error
    return Identity(entry.pw_uid, entry.pw_gid, entry.pw_name)


def run_as(
    identity: Identity, command: Sequence[str | Path], *, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as `identity`, in a session of its own, and return its output (both streams in one).

    Raises EmbeddedError when the system refuses to change the user or the program outlasts `timeout_s`.
    """
    # Variables such as PGDATA or LD_LIBRARY_PATH of the caller's shell would change what the servers do.
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    try:
        return subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            env=environment,
            timeout=timeout_s,
            check=False,
            start_new_session=True,
            umask=0o077,
            user=identity.uid if identity.is_other else None,
            group=identity.gid if identity.is_other else None,
            extra_groups=[] if identity.is_other else None,
        )
    except subprocess.TimeoutExpired as error:
        raise EmbeddedError(
            f"{Path(command[0]).name} did not finish within {timeout_s:.0f} seconds; "
            "look whether the machine is short of memory or disk, then run the same command again."
        ) from error
    except PermissionError:
        # A program below a private folder: for the caller this is an answer, not a failure.
        return subprocess.CompletedProcess(list(command), 126, "", None)
    except OSError as error:
        raise EmbeddedError(
            f"{Path(command[0]).name} could not be started as user {identity.name} ({error.strerror}); "
            "run Parcelyard as an ordinary user instead of root."
        ) from error


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but was never waited for does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        state = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return not PROC.joinpath("self").exists()
    return state not in {"Z", "X"}


def titled(mark: str, identity: Identity) -> list[int]:
    """Return the living processes of the servers' user whose command line or title carries `mark`.

    The title is asked and not the working folder, because a container's root may not look at the latter.
    """
    found: list[int] = []
    if not PROC.joinpath("self").exists():
        return found
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            title = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
            matches = entry.stat().st_uid == identity.uid and os.fsencode(mark) in title
        except OSError:  # gone meanwhile
            continue
        if matches and is_alive(int(entry.name)):
            found.append(int(entry.name))
    return sorted(found)


def end(pids: Sequence[int], how: signal.Signals, *, within_s: float) -> bool:
    """Signal processes and wait; return whether all of them are gone within `within_s` seconds."""
    for pid in pids:
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            continue
    return wait_until(lambda: not any(is_alive(pid) for pid in pids), within_s=within_s)


def wait_until(condition: Callable[[], bool], *, within_s: float) -> bool:
    """Look again and again until `condition` holds; return whether it did within `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
