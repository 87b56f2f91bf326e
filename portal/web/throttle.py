"""How often somebody may try a password. Counted in Redis; without Redis nobody signs in, and the page says so."""

from __future__ import annotations

from flask import current_app, request
from redis import RedisError

from portal.kernel.errors import PortalError, TooManyError
from portal.kernel.ids import digest

TRIES, WINDOW_S = 10, 300
"""Tries for one account, and ten times as many for one network address, in five minutes."""


class ClosedError(PortalError):
    """Sign-in is closed for the moment."""

    status = 503
    code = "closed"


def count_try(kind: str, account: str) -> None:
    """Count a try for an account and for the caller's address; raise `TooManyError` above the limit."""
    config, redis = current_app.extensions["config"], current_app.extensions["redis"]
    try:
        for name, limit in (
            (f"account:{digest(account.lower())[:24]}", TRIES),
            (f"address:{request.remote_addr}", TRIES * 10),
        ):
            key = f"{config.redis_prefix}tries:{kind}:{name}"
            # In one step: a count whose end came between two steps would never end again.
            with redis.pipeline() as steps:
                steps.set(key, 0, ex=WINDOW_S, nx=True)
                steps.incr(key)
                _, tries = steps.execute()
            if tries > limit:
                raise TooManyError("Too many tries. Wait five minutes, or ask for a new password.")
    except RedisError as error:
        raise ClosedError(
            "Sign-in is closed for a moment, because tries cannot be counted. Try again in a minute."
        ) from error
