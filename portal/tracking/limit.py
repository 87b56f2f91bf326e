"""How often one network address may open tracking pages: a token bucket in Redis. Without Redis the pages stay open."""

from __future__ import annotations

from typing import Any

import structlog
from flask import current_app, request
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.kernel.errors import TooManyError

BURST = 60
"""Pages that one address may open at once: an office behind one address, not a machine that guesses links."""

PER_SECOND = 1
"""Pages per second that fill up again."""

_TAKE = """
local bucket = redis.call('HMGET', KEYS[1], 'left', 'at')
local now = redis.call('TIME')
local at = tonumber(now[1]) + tonumber(now[2]) / 1000000
local left = math.min(tonumber(ARGV[1]), (tonumber(bucket[1]) or tonumber(ARGV[1])) + (at - (tonumber(bucket[2]) or at)) * tonumber(ARGV[2]))
local taken = 0
if left >= 1 then
  left = left - 1
  taken = 1
end
redis.call('HSET', KEYS[1], 'left', tostring(left), 'at', tostring(at))
redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(ARGV[1]) / tonumber(ARGV[2])) + 1)
return taken
"""

log = structlog.get_logger("portal.tracking")


def count_page() -> None:
    """Take one page from the caller's bucket; raise `TooManyError` when it is empty."""
    config = current_app.extensions["config"]
    key = f"{config.redis_prefix}pages:{request.remote_addr}"
    try:
        taken: Any = _redis().eval(_TAKE, 1, key, str(BURST), str(PER_SECOND))
    except RedisError as error:
        # A recipient who waits for a parcel is worth more than the limit.
        log.warning("tracking_unlimited", error=type(error).__name__)
        return
    if not taken:
        raise TooManyError(
            "This page was opened very often from your network. Wait a minute, then reload it."
        )


def _redis() -> Redis:
    """Return a client that gives up at once: nobody waits for a limit."""
    if "tracking_redis" not in current_app.extensions:
        current_app.extensions["tracking_redis"] = Redis.from_url(  # pyright: ignore[reportUnknownMemberType] (redis-py's own options)
            current_app.extensions["config"].redis_url,
            socket_timeout=0.25,
            socket_connect_timeout=0.25,
            retry=Retry(NoBackoff(), 0),
        )
    return current_app.extensions["tracking_redis"]
