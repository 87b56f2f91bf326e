"""Tables of people and tenants. Credentials have no relationships: only functions in the database read them."""

from __future__ import annotations

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from portal.kernel.db import Base
from portal.kernel.ids import new_id

MEMBER_ROLES = ("owner", "member", "viewer")
STAFF_ROLES = ("worker", "lead", "clerk", "admin")
CREDENTIAL_KINDS = (
    "password", "session", "api_token", "badge", "pin", "device", "invitation", "reset", "tracking", "details",
)  # fmt: skip


class Site(Base):
    """A warehouse building of the operator, with its calendar's time zone and its last order time for today."""

    __tablename__ = "sites"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    timezone: Mapped[str]
    address_lines: Mapped[list[str]] = mapped_column(ARRAY(Text))
    cut_off: Mapped[time] = mapped_column(server_default="14:00")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Merchant(Base):
    """A tenant: whose goods, orders and recipients these are, and how its name looks to them."""

    __tablename__ = "merchants"
    __table_args__ = (
        CheckConstraint("code ~ '^[A-Z0-9-]{2,20}$'", name="code_shape"),
        CheckConstraint("brand_colour ~ '^#[0-9a-f]{6}$'", name="brand_colour_is_hex"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_is_iso"),
        CheckConstraint("handling_days BETWEEN 0 AND 60", name="handling_days_in_range"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    site_id: Mapped[UUID] = mapped_column(ForeignKey("sites.id"))
    brand_colour: Mapped[str] = mapped_column(server_default="#1f4b99")
    support_email: Mapped[str]
    support_phone: Mapped[str] = mapped_column(server_default="")
    shop_url: Mapped[str] = mapped_column(server_default="")
    postal_identity: Mapped[str] = mapped_column(server_default="")
    return_policy: Mapped[str] = mapped_column(server_default="")
    return_days: Mapped[int] = mapped_column(server_default="30")
    currency: Mapped[str] = mapped_column(server_default="USD")
    handling_days: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class User(Base):
    """A person who signs in. The same person may belong to several merchants, or to the staff."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_is_lower_case"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    disabled_at: Mapped[datetime | None]


class Membership(Base):
    """A user's role at one merchant."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("role IN ('owner', 'member', 'viewer')", name="role_is_known"),)

    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class StaffMember(Base):
    """A user's role at the operator; floor roles belong to one site, office roles to none."""

    __tablename__ = "staff_members"
    __table_args__ = (
        CheckConstraint("role IN ('worker', 'lead', 'clerk', 'admin')", name="role_is_known"),
        CheckConstraint(
            "(role IN ('worker', 'lead')) = (site_id IS NOT NULL)", name="floor_roles_have_a_site"
        ),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    role: Mapped[str]
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Credential(Base):
    """One way to prove who is asking, found by kind and exact look-up value; `secret_hash` where there is a second factor to compare."""

    __tablename__ = "credentials"
    __table_args__ = (
        UniqueConstraint("kind", "lookup"),
        CheckConstraint(
            f"kind IN ({', '.join(repr(kind) for kind in CREDENTIAL_KINDS)})", name="kind_is_known"
        ),
        Index("ix_credentials_user_id_kind", "user_id", "kind"),
        Index("ix_credentials_subject_id", "subject_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, server_default=func.uuidv7())
    kind: Mapped[str]
    lookup: Mapped[str]
    secret_hash: Mapped[str | None]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    merchant_id: Mapped[UUID | None] = mapped_column(ForeignKey("merchants.id"))
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("sites.id"))
    subject_id: Mapped[UUID | None]
    device_id: Mapped[UUID | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ApiToken(Base):
    """What a merchant may see of a machine's token: name, first and last characters, scopes. The secret is a credential's hash."""

    __tablename__ = "api_tokens"

    merchant_id: Mapped[UUID] = mapped_column(ForeignKey("merchants.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    prefix: Mapped[str]
    last_four: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what to access and money, append-only, written in the transaction of the deed."""

    __tablename__ = "audit_entries"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    at: Mapped[datetime]
    by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    merchant_id: Mapped[UUID | None] = mapped_column(ForeignKey("merchants.id"), index=True)
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, str]] = mapped_column(JSONB, server_default="{}")
