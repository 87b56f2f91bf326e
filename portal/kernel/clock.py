"""The one place where the time of day comes from, so that a test can say what time it is."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

_fixed: ContextVar[datetime | None] = ContextVar("fixed_now", default=None)


def now() -> datetime:
    """Return the present instant, in UTC and aware of it."""
    return _fixed.get() or datetime.now(UTC)


def today(timezone: str) -> date:
    """Return the calendar day in a site's time zone (an IANA name such as `Europe/London`)."""
    return now().astimezone(ZoneInfo(timezone)).date()


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Make `now` answer `at` inside the block; for tests and for seeding a demo day."""
    token = _fixed.set(at)
    try:
        yield
    finally:
        _fixed.reset(token)
