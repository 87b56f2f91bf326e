"""Reads of sites, merchants and people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.domain.accounts.models import ApiToken, Membership, Merchant, Site, StaffMember, User
from portal.kernel.db import run
from portal.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime, time
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


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A live credential."""

    id: UUID
    kind: str
    secret_hash: str | None
    user_id: UUID | None
    merchant_id: UUID | None
    site_id: UUID | None
    subject_id: UUID | None
    device_id: UUID | None


@dataclass(frozen=True, slots=True)
class PrincipalRow:
    """One thing that a user is: a member of a merchant, or staff."""

    user_id: UUID
    email: str
    display_name: str
    kind: str
    role: str
    merchant_id: UUID | None
    merchant_code: str | None
    merchant_name: str | None
    site_id: UUID | None
    site_name: str | None
    site_timezone: str | None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A live session, with one thing that its user is."""

    session_id: UUID
    session_merchant_id: UUID | None
    session_site_id: UUID | None
    device_id: UUID | None
    used_at: datetime | None
    created_at: datetime
    user_id: UUID
    email: str
    display_name: str
    kind: str
    role: str
    merchant_id: UUID | None
    merchant_code: str | None
    merchant_name: str | None
    site_id: UUID | None
    site_name: str | None
    site_timezone: str | None


@dataclass(frozen=True, slots=True)
class FoundToken:
    """A live token and its merchant."""

    credential_id: UUID
    token_id: UUID
    name: str
    scopes: list[str]
    merchant_id: UUID
    merchant_code: str
    merchant_name: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who can be written to."""

    email: str
    display_name: str


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member of a merchant, or of the staff (then with the site, for floor roles)."""

    user_id: UUID
    email: str
    display_name: str
    role: str
    created_at: datetime
    site_name: str = ""


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One of the operator's people; the site is set for floor roles alone."""

    user_id: UUID
    email: str
    display_name: str
    role: str
    site_id: UUID | None
    site_name: str | None


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as its merchant sees it."""

    id: UUID
    name: str
    prefix: str
    last_four: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class MerchantRow:
    """A merchant and its brand."""

    id: UUID
    code: str
    name: str
    site_id: UUID
    brand_colour: str
    support_email: str
    support_phone: str
    shop_url: str
    postal_identity: str
    return_policy: str
    return_days: int


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site."""

    id: UUID
    code: str
    name: str
    timezone: str
    address_lines: list[str]
    cut_off: time


def find_credential(session: Session, kind: str, lookup: str) -> CredentialRow | None:
    """Return the live credential of a kind with exactly this look-up value, or None. At the gate only."""
    rows = run(
        session,
        """
        SELECT id, kind, secret_hash, user_id, merchant_id, site_id, subject_id, device_id FROM credential_find(:kind, :lookup)
        """,
        {"kind": kind, "lookup": lookup},
    )
    return CredentialRow(*rows[0]) if rows else None


def find_principals(session: Session, user_id: UUID) -> list[PrincipalRow]:
    """Return everything that a user is; nothing for a disabled one. At the gate only."""
    return [PrincipalRow(*row) for row in run(session, "SELECT * FROM principal_find(:id)", {"id": user_id})]


def find_session(session: Session, lookup: str) -> list[SessionRow]:
    """Return a live session by the hash of its secret: one row for each thing that its user is. At the gate only."""
    return [
        SessionRow(*row) for row in run(session, "SELECT * FROM session_find(:lookup)", {"lookup": lookup})
    ]


def find_token(session: Session, lookup: str) -> FoundToken | None:
    """Return a live token by its hash, and note that it was used. At the gate only."""
    rows = run(session, "SELECT * FROM token_find(:lookup)", {"lookup": lookup})
    return FoundToken(*rows[0]) if rows else None


def find_person(session: Session, user_id: UUID) -> PersonRow | None:
    """Return who a user is, for writing to them; None for a disabled one, or one that the scope does not see."""
    row = session.execute(
        select(User.email, User.display_name).where(User.id == user_id, User.disabled_at.is_(None))
    ).one_or_none()
    return PersonRow(*row) if row else None


def list_members(session: Session, merchant_id: UUID) -> list[MemberRow]:
    """Return a merchant's people, by name."""
    rows = session.execute(
        select(User.id, User.email, User.display_name, Membership.role, Membership.created_at)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.merchant_id == merchant_id)
        .order_by(User.display_name, User.id)
    )
    return [MemberRow(*row) for row in rows]


def list_staff(session: Session) -> list[MemberRow]:
    """Return the operator's people, by name."""
    rows = session.execute(
        select(User.id, User.email, User.display_name, StaffMember.role, StaffMember.created_at, Site.name)
        .join(StaffMember, StaffMember.user_id == User.id)
        .outerjoin(Site, Site.id == StaffMember.site_id)
        .order_by(User.display_name, User.id)
    )
    return [MemberRow(*row[:5], row[5] or "") for row in rows]


def get_staff_member(session: Session, user_id: UUID) -> StaffRow:
    """Return one of the operator's people; `NotFoundError` when the scope sees no such person."""
    row = session.execute(
        select(User.id, User.email, User.display_name, StaffMember.role, StaffMember.site_id, Site.name)
        .join(StaffMember, StaffMember.user_id == User.id)
        .outerjoin(Site, Site.id == StaffMember.site_id)
        .where(User.id == user_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("There is no such person on the staff.")
    return StaffRow(*row)


def list_api_tokens(session: Session, merchant_id: UUID) -> list[TokenRow]:
    """Return a merchant's tokens, newest first, with when each was last used (to the minute)."""
    t = ApiToken
    rows = session.execute(
        select(t.id, t.name, t.prefix, t.last_four, t.scopes, t.created_at, t.revoked_at)
        .where(t.merchant_id == merchant_id)
        .order_by(t.created_at.desc(), t.id)
    ).all()
    used = run(
        session,
        "SELECT subject_id, used_at FROM credential_last_used(:ids)",
        {"ids": [row.id for row in rows]},
    )
    last = {row.subject_id: row.used_at for row in used}
    return [TokenRow(*row, used_at=last.get(row.id)) for row in rows]


def get_merchant(session: Session, merchant_id: UUID) -> MerchantRow:
    """Return a merchant and its brand; `NotFoundError` when the scope sees none."""
    row = session.execute(_merchants().where(Merchant.id == merchant_id)).one_or_none()
    if row is None:
        raise NotFoundError("There is no such merchant.")
    return MerchantRow(*row)


def list_merchants(session: Session) -> list[MerchantRow]:
    """Return the merchants that the scope sees, by name."""
    return [MerchantRow(*row) for row in session.execute(_merchants().order_by(Merchant.name))]


def find_merchant(session: Session, code: str) -> MerchantRow | None:
    """Return the merchant with this code, or None."""
    row = session.execute(_merchants().where(Merchant.code == code.strip().upper())).one_or_none()
    return MerchantRow(*row) if row else None


def list_sites(session: Session) -> list[SiteRow]:
    """Return the sites that the scope sees, by name."""
    return [SiteRow(*row) for row in session.execute(_sites().order_by(Site.name))]


def get_site(session: Session, site_id: UUID) -> SiteRow:
    """Return a site; `NotFoundError` when the scope sees none with this id."""
    row = session.execute(_sites().where(Site.id == site_id)).one_or_none()
    if row is None:
        raise NotFoundError("There is no such site.")
    return SiteRow(*row)


def _sites():  # noqa: ANN202 (as below)
    return select(Site.id, Site.code, Site.name, Site.timezone, Site.address_lines, Site.cut_off)


def _merchants():  # noqa: ANN202 (the select's full type is longer than its use)
    m = Merchant
    return select(
        m.id, m.code, m.name, m.site_id, m.brand_colour, m.support_email, m.support_phone, m.shop_url, m.postal_identity,
        m.return_policy, m.return_days,
    )  # fmt: skip
