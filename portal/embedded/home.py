"""Where the built-in servers keep data, sockets and logs, and as whom they run. Starts nothing.

Everything lies in the one folder that the caller names, with two exceptions that the file system forces: root's servers
run as another user, who may be kept out of that folder; and a socket's address has at most 107 bytes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portal.embedded.addresses import EmbeddedError
from portal.embedded.processes import Identity, identity_of, nobody, own_identity

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_SOCKET_PATH = 107
"""Bytes of a Unix socket's address without its closing zero, as Linux has them (unix(7), sun_path)."""
LONGEST_SOCKET_NAME = ".s.PGSQL.5432"
LOCK_TIMEOUT_S = 300
SYSTEM_DATA = Path("/var/lib/parcelyard")


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one pair of servers."""

    folder: Path
    """What the caller named; the lock lies here."""
    base: Path
    """What holds `postgres`, `redis` and `log`: the same folder wherever the servers' user can reach it."""
    sockets: Path
    identity: Identity

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data."""
        return self.base / "postgres"

    @property
    def redis(self) -> Path:
        """Redis's data."""
        return self.base / "redis"

    @property
    def log(self) -> Path:
        """What the servers write while they run."""
        return self.base / "log"

    @property
    def mark(self) -> Path:
        """What ties data that lies elsewhere to the folder that it belongs to."""
        return self.folder / "data"

    @property
    def redis_socket(self) -> Path:
        """Redis's socket."""
        return self.sockets / "redis.sock"


def find_home(folder: Path) -> Home:
    """Work out where the servers of `folder` live, without making anything."""
    # Resolved, so that one folder has one pair of servers whatever way leads to it.
    folder = folder.resolve()
    identity = _identity(folder)
    base = folder
    if identity.is_other and not _can_enter(folder, identity):
        base = SYSTEM_DATA / f"{folder.parent.name or 'root'}-{_short_hash(folder)}"
    sockets = base / "run"
    is_long = len(os.fsencode(sockets / LONGEST_SOCKET_NAME)) > LONGEST_SOCKET_PATH
    # PostgreSQL reads several folders where there is a comma.
    if is_long or any(sign in str(base) for sign in ',"'):
        runtime = Path("/run") if os.geteuid() == 0 and os.access("/run", os.W_OK) else Path("/tmp")  # noqa: S108 (0700, owner checked)
        sockets = runtime / f"parcelyard-{identity.uid}-{_short_hash(base)}"
    return Home(folder, base, sockets, identity)


def has_lost_data(home: Home) -> bool:
    """Whether data lies elsewhere whose folder has been removed: who did that wants to begin anew."""
    return home.base != home.folder and home.postgres.exists() and not home.mark.is_symlink()


def move_lost_data(home: Home) -> None:
    """Move data without a folder aside; it is not deleted. The servers must have been stopped."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    with plain_sentences(home.base):
        home.base.rename(home.base.with_name(f"{home.base.name}.left-{stamp}"))


def make_home(home: Home) -> None:
    """Make the folders of the servers, each closed to everybody but the servers' user. Raises EmbeddedError."""
    with plain_sentences(home.base):
        # 0711: the servers' user passes through to its own folders without seeing what else lies here.
        for path in (home.base, *([] if home.base == home.folder else [home.base.parent])):
            if not path.exists():
                path.mkdir(parents=True)
                path.chmod(0o711)
        if home.base != home.folder and not home.mark.is_symlink():
            home.mark.symlink_to(home.base)
        for path in (home.redis, home.log, home.sockets):
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
                os.chown(path, home.identity.uid, home.identity.gid)
            found = path.lstat()
            if path.is_symlink() or found.st_uid not in {home.identity.uid, 0}:
                raise EmbeddedError(
                    f"The folder {path} belongs to somebody else; remove it or run Parcelyard as its owner."
                )
            path.chmod(0o700)


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Let one process at a time start or stop the servers of a folder. The lock ends with its process.

    Raises EmbeddedError when the folder cannot be written or another process holds on for five minutes.
    """
    path = home.folder / "servers.lock"
    with plain_sentences(home.folder):
        if not home.folder.exists():
            home.folder.mkdir(parents=True)
            home.folder.chmod(0o711)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedError(
                        f"Another process has been starting or stopping the servers of {home.folder} for "
                        f"{LOCK_TIMEOUT_S // 60} minutes; end it (`fuser {path}` names it) and run the command again."
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def plain_sentences(folder: Path) -> Iterator[None]:
    """Turn what the file system refuses into a sentence about `folder`."""
    try:
        yield
    except OSError as error:
        raise EmbeddedError(_sentence(folder, error)) from error


def disk_full(folder: Path) -> EmbeddedError:
    """Return the error for a disk without room for the servers' data."""
    return EmbeddedError(
        f"The disk that holds {folder} is full; free at least 200 MB there, "
        "or set PARCELYARD_VAR to a folder on another disk, then run the same command again."
    )


def _sentence(folder: Path, error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return str(disk_full(folder))
    where = error.filename or folder
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        name = own_identity().name
        return (
            f"User {name} may not write {where}; run Parcelyard as the owner of {folder}, "
            "or set PARCELYARD_VAR to a folder that you may write."
        )
    return f"{where} cannot be used for the built-in servers ({error.strerror}); set PARCELYARD_VAR to another folder."


def _identity(folder: Path) -> Identity:
    if os.geteuid() != 0:
        return own_identity()
    # Root goes on with data that an ordinary user began, as that user.
    try:
        owner = (folder / "postgres").stat().st_uid
    except OSError:
        owner = 0
    return identity_of(owner) if owner != 0 else nobody()


def _can_enter(folder: Path, identity: Identity) -> bool:
    """Whether a user may pass through `folder` and all folders above it; what does not exist yet will be made so."""
    for path in (folder, *folder.parents):
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        bit = 0o100 if found.st_uid == identity.uid else 0o010 if found.st_gid == identity.gid else 0o001
        if not found.st_mode & bit:
            return False
    return True


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
