"""The table of messages. `merchant_id` is empty for the operator's own mails (invitations of staff, password resets)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from portal.domain.messages.states import MESSAGE_MOVES, MESSAGE_STATES
from portal.kernel.db import Base
from portal.kernel.ids import new_id


class Message(Base):
    """One mail to one person, with the exact text. `topic` makes it unique: one confirmation per order, for example."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("topic"),
        ForeignKeyConstraint(["merchant_id", "order_id"], ["orders.merchant_id", "orders.id"]),
        ForeignKeyConstraint(["merchant_id", "parcel_id"], ["parcels.merchant_id", "parcels.id"]),
        CheckConstraint(f"state IN ({', '.join(repr(s) for s in MESSAGE_STATES)})", name="state_is_known"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_messages_have_an_instant"),
        CheckConstraint(
            "(state = 'sending') <= (sending_at IS NOT NULL)", name="started_messages_have_an_instant"
        ),
        Index("ix_messages_merchant_id_order_id", "merchant_id", "order_id"),
        Index("ix_messages_created_at", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    merchant_id: Mapped[UUID | None] = mapped_column(ForeignKey("merchants.id"))
    order_id: Mapped[UUID | None]
    parcel_id: Mapped[UUID | None]
    kind: Mapped[str]
    topic: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="queued")
    from_name: Mapped[str]
    reply_to: Mapped[str]
    to_name: Mapped[str]
    to_address: Mapped[str]
    subject: Mapped[str]
    html: Mapped[str]
    text: Mapped[str]
    error: Mapped[str] = mapped_column(server_default="")
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sending_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]

    def take(self, name: str) -> None:
        """Make the move called `name`; `WrongStateError` when the message's state does not allow it."""
        self.state = MESSAGE_MOVES.target(name, self.state)
