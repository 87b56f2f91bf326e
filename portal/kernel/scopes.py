"""Who is asking. A scope names the database role and the settings that one transaction runs under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class AsMerchant:
    """A merchant's person or machine: sees that merchant's rows and no others."""

    merchant_id: UUID
    user_id: UUID | None = None
    role: ClassVar[str] = "portal_merchant"


@dataclass(frozen=True, slots=True)
class AsFloor:
    """A worker at one site: sees that site's work for all merchants, no prices and no secrets."""

    site_id: UUID
    user_id: UUID | None = None
    role: ClassVar[str] = "portal_floor"


@dataclass(frozen=True, slots=True)
class AsOffice:
    """The operator's office: sees all merchants."""

    user_id: UUID | None = None
    role: ClassVar[str] = "portal_office"


@dataclass(frozen=True, slots=True)
class AsSystem:
    """A job of one merchant, started by an event; `reason` is logged."""

    merchant_id: UUID
    reason: str
    user_id: UUID | None = None
    role: ClassVar[str] = "portal_system"


@dataclass(frozen=True, slots=True)
class AtGate:
    """Before it is known who asks: may look credentials up through functions, and touch no table."""

    user_id: UUID | None = None
    role: ClassVar[str] = "portal_gate"


@dataclass(frozen=True, slots=True)
class AsDispatch:
    """The dispatcher: may lease outbox rows, and read nothing of what they speak of."""

    user_id: UUID | None = None
    role: ClassVar[str] = "portal_dispatch"


@dataclass(frozen=True, slots=True)
class AsTracking:
    """A stranger with a link: may call the two tracking functions and nothing else."""

    user_id: UUID | None = None
    role: ClassVar[str] = "portal_tracking"


@dataclass(frozen=True, slots=True)
class AsMaintenance:
    """`portal check` and backfills: reads everything, sells nothing. Runs on the migration login only."""

    reason: str
    user_id: UUID | None = None
    role: ClassVar[str] = "portal_maintenance"


Scope = AsMerchant | AsFloor | AsOffice | AsSystem | AtGate | AsDispatch | AsTracking | AsMaintenance


def settings_of(scope: Scope) -> dict[str, str]:
    """Return the transaction-local settings of a scope: always both ids, so that none is left over."""
    merchant_id = scope.merchant_id if isinstance(scope, AsMerchant | AsSystem) else None
    site_id = scope.site_id if isinstance(scope, AsFloor) else None
    return {
        "portal.merchant_id": str(merchant_id or ""),
        "portal.site_id": str(site_id or ""),
        "portal.user_id": str(scope.user_id or ""),
    }
