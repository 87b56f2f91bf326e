"""What happened to people's access. The events carry ids only; the secret of a link is made when its mail is written."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class InvitationIssued:
    """Somebody was invited to a merchant (`merchant_id`) or to the staff (None)."""

    user_id: UUID
    merchant_id: UUID | None


@dataclass(frozen=True, slots=True)
class PasswordResetAsked:
    """Somebody asked for a new password."""

    user_id: UUID
