"""Reads of sites, merchants and people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.domain.accounts.models import Merchant, Site
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import time
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class MerchantCalendar:
    """What turns an instant into a promise: the merchant's site, its clock and cut-off, and the handling days."""

    site_id: UUID
    timezone: str
    cut_off: time
    handling_days: int
    currency: str


def merchant_calendar(session: Session, merchant_id: UUID) -> MerchantCalendar:
    """Return a merchant's calendar; `NotFoundError` when the scope sees no such merchant."""
    row = session.execute(
        select(Site.id, Site.timezone, Site.cut_off, Merchant.handling_days, Merchant.currency)
        .join(Site, Site.id == Merchant.site_id)
        .where(Merchant.id == merchant_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such merchant.")
    return MerchantCalendar(*row)
