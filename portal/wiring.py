"""What follows from what, on one page: which reactions an event has, and what runs by the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portal.domain.accounts.events import InvitationIssued, PasswordResetAsked
from portal.domain.intake.events import ImportConfirmed
from portal.domain.messages.events import MessageQueued
from portal.domain.messages.reactions import (
    confirm_order,
    confirm_shipping,
    find_lost_messages,
    invite,
    send_message,
    send_reset_link,
)
from portal.domain.orders.events import OrderAccepted, OrderCancelled
from portal.domain.orders.reactions import allocate_freed, allocate_received
from portal.domain.shipping.events import ParcelPacked, ParcelShipped
from portal.domain.stock.events import StockReceived

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.config import Config
    from portal.kernel.db import Database


@dataclass(frozen=True, slots=True)
class Writes:
    """A reaction that writes rows: it runs in the scope of the news, in one transaction with its receipt."""

    function: Callable[[Session, Any, Config], None]

    @property
    def name(self) -> str:
        """Return the name on the receipt."""
        return self.function.__name__


@dataclass(frozen=True, slots=True)
class Speaks:
    """A reaction that talks to the world: it opens its own transactions around an intent row that makes it at most once."""

    function: Callable[[Database, Any, Config], None]

    @property
    def name(self) -> str:
        """Return the name on the receipt."""
        return self.function.__name__


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A job that runs by the clock, at most once per interval; what it returns is logged."""

    every_s: int
    name: str
    function: Callable[[Database, Config], object]


REACTIONS: dict[type[Any], tuple[Writes | Speaks, ...]] = {
    StockReceived: (Writes(allocate_received),),
    OrderAccepted: (Writes(confirm_order),),
    OrderCancelled: (Writes(allocate_freed),),
    ImportConfirmed: (),
    ParcelPacked: (),
    ParcelShipped: (Writes(confirm_shipping),),
    InvitationIssued: (Writes(invite),),
    PasswordResetAsked: (Writes(send_reset_link),),
    MessageQueued: (Speaks(send_message),),
}

SCHEDULE: tuple[Scheduled, ...] = (Scheduled(60, "find_lost_messages", find_lost_messages),)
