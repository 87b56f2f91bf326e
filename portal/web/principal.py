"""Who is asking, once known; and what each role may do. One table for people and for tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from uuid import UUID

_VIEWER = frozenset({"orders.read", "stock.read", "catalog.read"})
_MEMBER = _VIEWER | {"orders.write", "stock.write", "catalog.write"}
_OWNER = _MEMBER | {"tokens.manage", "team.manage", "settings.write"}
_WORKER = frozenset({"floor.work"})
_LEAD = _WORKER | {"floor.lead"}
_CLERK = frozenset({"office.read", "office.write"})
_ADMIN = _CLERK | {"office.admin"}

PERMISSIONS = {
    ("merchant", "viewer"): _VIEWER,
    ("merchant", "member"): _MEMBER,
    ("merchant", "owner"): _OWNER,
    ("staff", "worker"): _WORKER,
    ("staff", "lead"): _LEAD,
    ("staff", "clerk"): _CLERK,
    ("staff", "admin"): _ADMIN,
}
TOKEN_SCOPES = tuple(sorted(_MEMBER))


@dataclass(frozen=True, slots=True)
class Membership:
    """One merchant that a person can act for."""

    merchant_id: UUID
    code: str
    name: str
    role: str
    site_id: UUID
    site_name: str
    site_timezone: str


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or machine that has proved who it is, and what it acts as in this request."""

    user_id: UUID | None
    email: str
    display_name: str
    kind: str
    role: str
    session_id: UUID
    merchant_id: UUID | None = None
    merchant_code: str = ""
    merchant_name: str = ""
    site_id: UUID | None = None
    site_name: str = ""
    site_timezone: str = "UTC"
    device_id: UUID | None = None
    scopes: frozenset[str] = frozenset()
    memberships: tuple[Membership, ...] = field(default=())
    chosen: bool = True
    """Whether it is settled for which merchant this session works: with several and no choice it is not."""

    # What Flask-Login asks of a user.
    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def get_id(self) -> str:
        """Return the session's id; Flask-Login's own cookie is not used."""
        return str(self.session_id)


def may(principal: Principal, permission: str) -> bool:
    """Say whether a principal has a permission: the one function that decides it, for sessions and tokens alike."""
    if principal.kind == "token":
        return permission in principal.scopes
    return permission in PERMISSIONS.get((principal.kind, principal.role), frozenset())
