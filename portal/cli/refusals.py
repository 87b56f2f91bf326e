"""Which errors are no bugs: what the world refused, as one sentence that says why and what to do."""

from __future__ import annotations

import errno

from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from portal.cli.errors import CommandError
from portal.config import ConfigError, var_folder
from portal.embedded import EmbeddedError
from portal.kernel.db import UnsafeLoginError
from portal.kernel.errors import PortalError


def known_cause(error: Exception) -> str | None:
    """Return the sentence for a refusal of ours, of the database, Redis or the disk; None for anything else."""
    if isinstance(error, PortalError):
        return error.sentence
    if isinstance(error, CommandError | ConfigError | EmbeddedError):
        return str(error)
    from redis.exceptions import ConnectionError as RedisConnectionError

    if isinstance(error, UnsafeLoginError):
        return str(error)
    if isinstance(error, RedisConnectionError):
        return f"Redis cannot be reached ({_first_line(error)}); start it, or mend REDIS_URL."
    if isinstance(error, ArgumentError):
        return f"A database address cannot be read ({_first_line(error)}); write it as postgresql://login:password@host:5432/database."
    if isinstance(error, DBAPIError):
        return _database_cause(error, getattr(error.orig, "sqlstate", None) or "")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk that holds {error.filename or var_folder()} is full; free some room there and run the same command again."
    return None


def _database_cause(error: DBAPIError, state: str) -> str | None:
    """Return the sentence for an error of PostgreSQL by its SQLSTATE (PostgreSQL 18, appendix A)."""
    said = _first_line(getattr(error, "orig", error))
    if state == "42501":
        return f"The database login may not do this ({said}); docs/running.md lists the rights that each login needs."
    # 22023 is what `set_config('role', …)` says to a role that no migration has made yet.
    if state in ("42P01", "42883", "42704", "3D000") or (state == "22023" and said.startswith("role ")):
        return f"The database is not ready ({said}); run `portal db create` (or `portal db upgrade`) first."
    if state.startswith("53"):
        return f"The database has no room left ({said}); free disk or connections, then run the same command again."
    # An error without a state comes from the driver: of its kinds only this one means that nobody answered.
    is_away = not state and isinstance(error, OperationalError)
    if is_away or state in ("28P01", "28000") or state.startswith(("08", "57P")):
        return f"The database cannot be reached ({said}); start it, or mend the database addresses."
    return None


def _first_line(error: object) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).strip().rstrip(".")
