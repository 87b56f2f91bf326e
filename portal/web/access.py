"""Who is asking and may they: sessions, tokens, and the permission that every route must declare. Deny is the default."""

from __future__ import annotations

import contextlib
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from flask import current_app, g, redirect, request, url_for
from flask_login import LoginManager
from sqlalchemy.exc import OperationalError

from portal.domain.accounts.commands.sessions import close_session, touch_credential
from portal.domain.accounts.queries import find_session, find_token
from portal.kernel import clock
from portal.kernel.errors import NotAllowedError, NotFoundError, NotSignedInError
from portal.kernel.ids import digest, is_api_token
from portal.kernel.scopes import AtGate
from portal.web.filters import offer
from portal.web.principal import Membership, Principal, may

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask, Request
    from werkzeug.wrappers import Response

    from portal.domain.accounts.queries import SessionRow

View = TypeVar("View", bound="Callable[..., Any]")

IDLE = {
    "merchant": timedelta(hours=12),
    "worker": timedelta(hours=12),
    "lead": timedelta(hours=12),
    "clerk": timedelta(hours=2),
    "admin": timedelta(minutes=30),
}
"""How long a session may be unused before it ends, by role."""

DEEDS = {
    "orders.write": "import, hold or cancel orders", "stock.write": "change stock", "catalog.write": "add or change SKUs",
    "tokens.manage": "see or make tokens", "team.manage": "change the team", "settings.write": "change settings",
}  # fmt: skip
"""What people cannot do without a permission, in words."""

login_manager = LoginManager()
login_manager.session_protection = None  # pyright: ignore[reportAttributeAccessIssue] (Flask-Login takes None for "off")


class _Permit:
    """Declares what a route needs: `@permit("orders.read")`, or `@permit.public` where anybody may come."""

    def __call__(self, *permissions: str) -> Callable[[View], View]:
        """Need any one of the permissions."""

        def declare(view: View) -> View:
            view.permissions = permissions  # type: ignore[attr-defined]  # a view carries what it needs
            return view

        return declare

    def public(self, view: View) -> View:
        """Need nothing."""
        view.permissions = ()  # type: ignore[attr-defined]  # a view carries what it needs
        return view


permit = _Permit()


def require_permissions(app: Flask) -> None:
    """Stop the start when a route declares no permission, and check the declared ones before every view."""
    silent = sorted(name for name, view in app.view_functions.items() if not hasattr(view, "permissions"))
    if silent:
        raise RuntimeError(
            f"These routes declare no permission; add @permit(…) or @permit.public: {', '.join(silent)}."
        )

    def check() -> None:
        needed: tuple[str, ...] = app.view_functions[str(request.endpoint)].permissions  # type: ignore[attr-defined]  # a view carries what it needs
        if needed:
            authorise(*needed)

    # Behind each door's own hook: the door says who is asking (a token, a member, staff) and answers other audiences with 404.
    for name in app.blueprints:
        app.before_request_funcs.setdefault(name, []).append(check)

    @app.before_request
    def check_outside_doors() -> None:
        if request.endpoint is not None and request.blueprint is None:
            check()


def authorise(*permissions: str) -> Principal:
    """Return the principal when it has one of the permissions; the one gate for people and machines.

    Raises `NotSignedInError`, or `NotAllowedError` naming what is missing.
    """
    principal: Principal | None = g.get("principal")
    if principal is None:
        raise NotSignedInError("Sign in first.")
    if not any(may(principal, permission) for permission in permissions):
        if principal.kind == "token":
            raise NotAllowedError(
                f"This token has no right to do this: {permissions[0]} is needed. Make one that has it."
            )
        above = "an owner" if principal.kind == "merchant" else "an admin"
        raise NotAllowedError(
            f"As {principal.role} you may not {DEEDS.get(permissions[0], 'do this')}. Nothing was changed. Ask {above} to do it, or for the right."
        )
    return principal


def authorise_anybody() -> Principal:
    """Return whoever is signed in, in any role; `NotSignedInError` otherwise."""
    principal: Principal | None = g.get("principal")
    if principal is None:
        raise NotSignedInError("Sign in first.")
    return principal


def cookie_name(name: str) -> str:
    """Return a cookie's name: bound to this host where the connection is secure."""
    return f"__Host-{name}" if current_app.config["SESSION_COOKIE_SECURE"] else name


def install_login(app: Flask, *, secure: bool) -> None:
    """Let Flask-Login load people from our own session rows; its own cookies are not used."""
    login_manager.init_app(app)  # pyright: ignore[reportUnknownMemberType] (Flask-Login has no types)

    @login_manager.request_loader  # pyright: ignore[reportUnknownMemberType] (as above)
    def load(incoming: Request) -> Principal | None:
        secret = incoming.cookies.get(cookie_name("session"), "")
        return find_principal(secret) if re.fullmatch(r"[0-9A-Za-z]{32}", secret) else None

    @app.before_request
    def remember() -> None:
        # Machines bring a token; static files and recipients' pages are the same for everybody.
        if request.blueprint not in (None, "api", "tracking") and "principal" not in g:
            found = load(request)
            if found is not None:
                g.principal = found

    @app.teardown_request
    def touch(error: BaseException | None) -> None:
        # A second transaction after the answer: the request itself may have been read-only.
        if error is None and "touch_session" in g:
            # The answer stands: a database that went away since then must not turn it into a failure.
            with (
                contextlib.suppress(OperationalError),
                current_app.extensions["database"].transaction(AtGate()) as session,
            ):
                touch_credential(session, g.pop("touch_session"))

    def allowed(permission: str) -> bool:
        return "principal" in g and may(g.principal, permission)

    offer(app, may=allowed)


def find_principal(secret: str) -> Principal | None:
    """Return who a session's secret belongs to, or None when it is unknown, revoked, expired or idle for too long."""
    with current_app.extensions["database"].transaction(AtGate(), read_only=True) as session:
        rows = find_session(session, digest(secret))
    principal = _principal(rows) if rows else None
    if principal is None:
        return None
    limit = IDLE["merchant" if principal.kind == "merchant" else principal.role]
    idle = clock.now() - (rows[0].used_at or rows[0].created_at)
    if idle > limit:
        with current_app.extensions["database"].transaction(AtGate()) as session:
            close_session(session, secret=secret)
        return None
    if rows[0].used_at is None or idle > timedelta(minutes=1):
        g.touch_session = rows[0].session_id
    return principal


def _principal(rows: list[SessionRow]) -> Principal | None:
    """Return what the session's user acts as; None when they no longer belong to the merchant that they chose."""
    first = rows[0]
    memberships = tuple(
        Membership(
            row.merchant_id,
            row.merchant_code or "",
            row.merchant_name or "",
            row.role,
            row.site_id,
            row.site_name or "",
            row.site_timezone or "UTC",
        )
        for row in rows
        if row.kind == "merchant" and row.merchant_id is not None and row.site_id is not None
    )
    staff = next((row for row in rows if row.kind == "staff"), None)
    base: dict[str, Any] = {
        "user_id": first.user_id, "email": first.email, "display_name": first.display_name, "session_id": first.session_id,
        "device_id": first.device_id, "memberships": memberships,
    }  # fmt: skip
    wanted = first.session_merchant_id
    chosen = next((m for m in memberships if wanted is None or m.merchant_id == wanted), None)
    if staff is not None and wanted is None:
        return Principal(
            **base,
            kind="staff",
            role=staff.role,
            site_id=staff.site_id,
            site_name=staff.site_name or "",
            site_timezone=staff.site_timezone or "UTC",
        )
    if chosen is None:
        return None
    return Principal(
        **base, kind="merchant", role=chosen.role, merchant_id=chosen.merchant_id, merchant_code=chosen.code, merchant_name=chosen.name,
        site_id=chosen.site_id, site_name=chosen.site_name, site_timezone=chosen.site_timezone,
        chosen=wanted is not None or len(memberships) == 1,
    )  # fmt: skip


def authenticate_token(header: str) -> Principal:
    """Return the machine behind an `Authorization: Bearer …` header; `NotSignedInError` for anything that is not a live token."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotSignedInError("Send your token as `Authorization: Bearer pyd_…`.", code="token_missing")
    if not is_api_token(token.strip()):
        raise NotSignedInError(
            "This is no token of ours, or a part of it is missing. Copy it again.", code="token_unknown"
        )
    with current_app.extensions["database"].transaction(AtGate()) as session:
        found = find_token(session, digest(token.strip()))
    if found is None:
        raise NotSignedInError(
            "This token is unknown or was revoked. Make a new one under Developers.", code="token_unknown"
        )
    return Principal(
        user_id=None, email="", display_name=found.name, kind="token", role="token", session_id=found.token_id, merchant_id=found.merchant_id,
        merchant_code=found.merchant_code, merchant_name=found.merchant_name, scopes=frozenset(found.scopes),
    )  # fmt: skip


def require_kind(kind: str, *roles: str) -> Response | None:
    """Keep a door for its own audience: sign-in for strangers, 404 for others. To be used as a door's `before_request`."""
    principal: Principal | None = g.get("principal")
    if principal is None:
        if request.method in ("GET", "HEAD") and "application/json" not in request.headers.get("Accept", ""):
            return redirect(url_for("sign_in.show", next=request.endpoint if _plain_get() else None), 303)
        raise NotSignedInError(
            "Your session has ended. Sign in again; what you typed is still in the page behind."
        )
    if principal.kind != kind or (roles and principal.role not in roles):
        raise NotFoundError(
            "There is no such page for you. You are signed in as " + principal.display_name + "."
        )
    return None


def _plain_get() -> bool:
    return request.url_rule is not None and not request.view_args
