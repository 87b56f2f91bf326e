"""One order of locks for everybody who touches parcels: the order first, then the parcel, then the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.domain.orders.queries import lock_order
from portal.domain.shipping.models import Parcel
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import Session

    from portal.domain.orders.queries import LockedOrder


def lock_parcel(session: Session, merchant_id: UUID, parcel_id: UUID) -> tuple[LockedOrder, Parcel]:
    """Lock a parcel's order and then the parcel, and return both as they are now; `NotFoundError` when the scope sees none.

    A hold locks the order too, so whoever holds these locks reads holds that stay true until the commit.
    """
    mine = (Parcel.merchant_id == merchant_id, Parcel.id == parcel_id)
    order_id = session.execute(select(Parcel.order_id).where(*mine)).scalar()
    if order_id is None:
        raise NotFoundError("There is no such parcel.")
    order = lock_order(session, merchant_id, order_id)
    parcel = session.execute(
        select(Parcel).where(*mine).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()
    return order, parcel
