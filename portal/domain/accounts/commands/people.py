"""Sites, merchants, and who belongs to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import delete, insert, select, update

from portal.domain.accounts.commands.audit import note_audit
from portal.domain.accounts.commands.credentials import NewCredential, put_credential, revoke_credentials
from portal.domain.accounts.events import InvitationIssued
from portal.domain.accounts.models import MEMBER_ROLES, STAFF_ROLES, Membership, Merchant, Site, StaffMember
from portal.domain.accounts.passwords import check_pin, hash_secret
from portal.kernel.db import run
from portal.kernel.errors import (
    DuplicateError,
    FieldProblem,
    NotFoundError,
    UnprocessableError,
    WrongStateError,
)
from portal.kernel.ids import digest, new_id
from portal.kernel.outbox import record

if TYPE_CHECKING:
    from datetime import datetime, time
    from uuid import UUID

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMerchant:
    """A merchant as the office takes it on. `code` is 2 to 20 capital letters, digits and dashes."""

    code: str
    name: str
    site_id: UUID
    support_email: str
    brand_colour: str = "#1f4b99"
    support_phone: str = ""
    shop_url: str = ""
    postal_identity: str = ""
    return_policy: str = ""
    return_days: int = 30
    currency: str = "USD"
    handling_days: int = 1


def check_email(text: str) -> str:
    """Return an e-mail address in the form it is kept in; `UnprocessableError` says what is wrong with it."""
    try:
        return validate_email(text.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        sentence = f"{text.strip()!r} is no e-mail address: {str(error)[0].lower()}{str(error)[1:]}"
        raise UnprocessableError(sentence, problems=(FieldProblem("email", "shape", sentence),)) from error


def add_site(
    session: Session, *, code: str, name: str, timezone: str, address_lines: list[str], cut_off: time
) -> UUID:
    """Open a site. Its places are added by the stock room."""
    site_id = new_id()
    session.execute(
        insert(Site).values(
            id=site_id, code=code, name=name, timezone=timezone, address_lines=address_lines, cut_off=cut_off
        )
    )
    return site_id


def add_merchant(session: Session, *, new: NewMerchant, by: UUID | None, at: datetime) -> UUID:
    """Take a merchant on; return its id. `UnprocessableError` names every field that does not fit, `DuplicateError` a code in use."""
    rules = (
        (
            "code",
            re.fullmatch(r"[A-Z0-9-]{2,20}", new.code),
            "Use 2 to 20 capital letters, digits and dashes as the code.",
        ),
        ("name", new.name.strip(), "Give the merchant a name."),
        (
            "brand_colour",
            re.fullmatch(r"#[0-9a-f]{6}", new.brand_colour),
            "Write the colour as # and six digits, for example #1f4b99.",
        ),
        (
            "currency",
            re.fullmatch(r"[A-Z]{3}", new.currency),
            "Write the currency as three capital letters, for example USD.",
        ),
        (
            "shop_url",
            not new.shop_url or re.fullmatch(r"https?://[^\s\"<>]+", new.shop_url),
            "Begin the shop's address with https://.",
        ),
        ("handling_days", 0 <= new.handling_days <= 60, "Handling takes 0 to 60 days."),
    )
    problems = tuple(FieldProblem(field, "shape", sentence) for field, fits, sentence in rules if not fits)
    if problems:
        raise UnprocessableError(problems[0].sentence, problems=problems)
    support = check_email(new.support_email)
    if session.execute(select(Merchant.id).where(Merchant.code == new.code)).scalar():
        raise DuplicateError(f"There is a merchant {new.code} already. Choose another code.")
    merchant_id = new_id()
    values = {name: getattr(new, name) for name in NewMerchant.__slots__} | {"support_email": support}
    session.execute(insert(Merchant).values(id=merchant_id, **values))
    note_audit(session, "merchant added", subject=new.code, merchant_id=merchant_id, by=by, at=at)
    return merchant_id


def invite_member(
    session: Session,
    *,
    merchant_id: UUID,
    email: str,
    name: str,
    role: str,
    by: UUID | None,
    at: datetime,
    mail: bool = True,
) -> UUID:
    """Give somebody a role at a merchant and let an invitation go to them; return the user's id.

    Whether the person had an account before is not told. `DuplicateError` when they are a member already.
    """
    if role not in MEMBER_ROLES:
        raise UnprocessableError(f"{role!r} is no role here. Roles: {', '.join(MEMBER_ROLES)}.")
    address = check_email(email)
    user_id = _user_for(session, address, name)
    if session.execute(
        select(Membership.role).where(Membership.merchant_id == merchant_id, Membership.user_id == user_id)
    ).scalar():
        raise DuplicateError(f"{address} is a member already. Change the role in the list.")
    session.execute(insert(Membership).values(merchant_id=merchant_id, user_id=user_id, role=role))
    note_audit(session, "member invited", subject=address, merchant_id=merchant_id, by=by, at=at, role=role)
    if mail:
        record(session, InvitationIssued(user_id=user_id, merchant_id=merchant_id))
    return user_id


def change_role(
    session: Session, *, merchant_id: UUID, user_id: UUID, role: str, by: UUID | None, at: datetime
) -> None:
    """Change a member's role. `WrongStateError` when it would leave the merchant without an owner."""
    if role not in MEMBER_ROLES:
        raise UnprocessableError(f"{role!r} is no role here. Roles: {', '.join(MEMBER_ROLES)}.")
    _keep_an_owner(session, merchant_id, user_id, becomes=role)
    session.execute(
        update(Membership)
        .where(Membership.merchant_id == merchant_id, Membership.user_id == user_id)
        .values(role=role)
    )
    note_audit(
        session, "role changed", subject=str(user_id), merchant_id=merchant_id, by=by, at=at, role=role
    )


def remove_member(
    session: Session, *, merchant_id: UUID, user_id: UUID, by: UUID | None, at: datetime
) -> None:
    """Take somebody's membership away; their sessions for it end with the next request. The last owner stays."""
    _keep_an_owner(session, merchant_id, user_id, becomes="")
    session.execute(
        delete(Membership).where(Membership.merchant_id == merchant_id, Membership.user_id == user_id)
    )
    note_audit(session, "member removed", subject=str(user_id), merchant_id=merchant_id, by=by, at=at)


def _keep_an_owner(session: Session, merchant_id: UUID, user_id: UUID, *, becomes: str) -> None:
    rows = session.execute(
        select(Membership.user_id, Membership.role)
        .where(Membership.merchant_id == merchant_id)
        .with_for_update()
    )
    roles = dict(rows.all())
    if user_id not in roles:
        raise NotFoundError("There is no such member.")
    if becomes != "owner" and [owner for owner, role in roles.items() if role == "owner"] == [user_id]:
        raise WrongStateError("This is the only owner. Make somebody else an owner first.")


def invite_staff(
    session: Session,
    *,
    email: str,
    name: str,
    role: str,
    site_id: UUID | None,
    by: UUID | None,
    at: datetime,
    mail: bool = True,
) -> UUID:
    """Take somebody on as staff; workers and leads belong to a site. Return the user's id."""
    if role not in STAFF_ROLES:
        raise UnprocessableError(f"{role!r} is no role here. Roles: {', '.join(STAFF_ROLES)}.")
    if (role in ("worker", "lead")) != (site_id is not None):
        sentence = f"A {role} belongs to {'one site' if role in ('worker', 'lead') else 'no site'}."
        raise UnprocessableError(sentence, problems=(FieldProblem("site", "needed", sentence),))
    address = check_email(email)
    user_id = _user_for(session, address, name)
    if session.execute(select(StaffMember.role).where(StaffMember.user_id == user_id)).scalar():
        raise DuplicateError(f"{address} belongs to the staff already.")
    session.execute(insert(StaffMember).values(user_id=user_id, role=role, site_id=site_id))
    note_audit(session, "staff added", subject=address, by=by, at=at, role=role)
    if mail:
        record(session, InvitationIssued(user_id=user_id, merchant_id=None))
    return user_id


def set_badge(
    session: Session, *, user_id: UUID, code: str, site_id: UUID, by: UUID | None, at: datetime
) -> None:
    """Let a badge's barcode stand for a worker on the enrolled devices of a site; an older badge of theirs ends."""
    if not re.fullmatch(r"[\x21-\x7e]{6,60}", code):
        raise UnprocessableError("A badge's code has 6 to 60 printable characters without spaces.")
    revoke_credentials(session, "badge", user_id=user_id)
    put_credential(
        session, NewCredential(kind="badge", lookup=digest(code), user_id=user_id, site_id=site_id)
    )
    note_audit(session, "badge set", subject=str(user_id), by=by, at=at)


def set_pin(
    session: Session, *, user_id: UUID, pin: str, site_id: UUID, by: UUID | None, at: datetime
) -> None:
    """Let a worker sign in by tile and PIN on the enrolled devices of a site."""
    check_pin(pin)
    put_credential(
        session,
        NewCredential(
            kind="pin", lookup=str(user_id), secret_hash=hash_secret(pin), user_id=user_id, site_id=site_id
        ),
    )
    note_audit(session, "PIN set", subject=str(user_id), by=by, at=at)


def put_password(session: Session, *, user_id: UUID, email: str, secret_hash: str) -> None:
    """Keep a password that was hashed before; for demo people, who get no invitation."""
    put_credential(
        session, NewCredential(kind="password", lookup=email, secret_hash=secret_hash, user_id=user_id)
    )


def _user_for(session: Session, email: str, name: str) -> UUID:
    if not name.strip():
        raise UnprocessableError(
            "Give the person a name.", problems=(FieldProblem("name", "missing", "Give the person a name."),)
        )
    [row] = run(session, "SELECT user_for_email(:email, :name)", {"email": email, "name": name.strip()[:100]})
    return row[0]
