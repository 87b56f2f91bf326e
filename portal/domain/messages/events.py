"""What happened to messages."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MessageQueued:
    """A message is written and waits to be sent; without a merchant it is the operator's own."""

    merchant_id: UUID | None
    message_id: UUID
