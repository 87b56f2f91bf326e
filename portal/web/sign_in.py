"""Coming in and going out: sign-in, invitation, reset, choice of merchant, profile. Shared by all doors with people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, current_app, flash, g, make_response, redirect, render_template, request, url_for
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, EqualTo, Length

from portal.domain.accounts.commands.passwords import ask_reset, change_password, set_password_by_link
from portal.domain.accounts.commands.sessions import (
    close_all_sessions,
    close_session,
    only_merchant,
    open_session,
)
from portal.domain.accounts.commands.sessions import (
    sign_in as check_in,
)
from portal.domain.accounts.queries import find_credential, find_principals
from portal.kernel import clock
from portal.kernel.errors import NotFoundError, NotSignedInError, UnprocessableError
from portal.kernel.ids import digest
from portal.kernel.scopes import AtGate
from portal.web.access import authorise_anybody, cookie_name, permit
from portal.web.database import database
from portal.web.forms import Form
from portal.web.throttle import count_try

if TYPE_CHECKING:
    from uuid import UUID

    from werkzeug.wrappers import Response

sign_in = Blueprint("sign_in", __name__)

HOMES = {
    "merchant": "merchants.home",
    "worker": "warehouse.next_task",
    "lead": "warehouse.next_task",
    "clerk": "office.home",
    "admin": "office.home",
}
AFTER = frozenset({
    "merchants.home", "merchants.orders", "merchants.imports", "merchants.stock", "merchants.team", "merchants.tokens", "office.home", "office.orders",
    "office.messages", "office.queue", "warehouse.next_task",
})  # fmt: skip
"""Where a sign-in may lead besides home: names of pages, never addresses."""


class SignInForm(Form):
    """Who is coming in."""

    email = StringField(
        "E-mail address",
        validators=[
            DataRequired("Enter your e-mail address."),
            Length(max=254, message="This address is too long."),
        ],
    )
    password = PasswordField(
        "Password",
        validators=[
            DataRequired("Enter your password."),
            Length(max=200, message="This password is too long."),
        ],
    )


class ForgotForm(Form):
    """Who wants a new password."""

    email = StringField(
        "E-mail address",
        validators=[
            DataRequired("Enter your e-mail address."),
            Length(max=254, message="This address is too long."),
        ],
    )


class NewPasswordForm(Form):
    """A new password, twice."""

    password = PasswordField(
        "New password",
        validators=[
            DataRequired("Choose a password."),
            Length(max=200, message="This password is too long."),
        ],
    )
    again = PasswordField(
        "The same again", validators=[EqualTo("password", message="Both passwords have to be the same.")]
    )


class ChangePasswordForm(NewPasswordForm):
    """A new password for somebody who has one."""

    old = PasswordField("Present password", validators=[DataRequired("Enter your present password.")])


@sign_in.get("/")
@permit.public
def front() -> Response:
    """Lead everybody to where they work, and strangers to the sign-in."""
    principal = g.get("principal")
    return redirect(url_for(home_of(principal.kind, principal.role) if principal else "sign_in.show"), 303)


def home_of(kind: str, role: str) -> str:
    """Return the name of somebody's home page."""
    return HOMES["merchant"] if kind == "merchant" else HOMES[role]


@sign_in.get("/sign-in")
@permit.public
def show() -> str:
    """Show the sign-in."""
    return render_template("sign_in/sign_in.html", form=SignInForm(formdata=None), next=_next())


@sign_in.post("/sign-in")
@permit.public
def enter() -> Response | tuple[str, int]:
    """Let somebody in. One sentence for every cause of refusal."""
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("sign_in/sign_in.html", form=form, next=_next()), 422
    email, password = str(form.email.data), str(form.password.data)
    count_try("password", email)
    try:
        with database().transaction(AtGate()) as session:
            secret, user_id = check_in(session, email=email, password=password, at=clock.now())
            people = find_principals(session, user_id)
            if old := request.cookies.get(cookie_name("session")):
                close_session(session, secret=old)
    except NotSignedInError as error:
        form.password.errors = [error.sentence]
        return render_template("sign_in/sign_in.html", form=form, next=_next()), 401
    staff = next((person for person in people if person.kind == "staff"), None)
    memberships = [person for person in people if person.kind == "merchant"]
    home = HOMES[staff.role] if staff else "sign_in.choose" if len(memberships) > 1 else HOMES["merchant"]
    return with_session(redirect(url_for(_next() or home), 303), secret)


def with_session(response: Response, secret: str) -> Response:
    """Give the browser its session."""
    made = make_response(response)
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])  # pyright: ignore[reportUnknownArgumentType] (Flask leaves its settings open)
    made.set_cookie(cookie_name("session"), secret, httponly=True, secure=secure, samesite="Lax", path="/")
    return made


@sign_in.post("/sign-out")
@permit.public
def leave() -> Response:
    """End this session, here and in the database."""
    if secret := request.cookies.get(cookie_name("session")):
        with database().transaction(AtGate()) as session:
            close_session(session, secret=secret)
    station = g.get("principal") is not None and g.principal.device_id is not None
    response = make_response(redirect(url_for("warehouse.tiles" if station else "sign_in.show"), 303))
    response.delete_cookie(cookie_name("session"), path="/")
    return response


@sign_in.get("/forgot")
@permit.public
def forgot() -> str:
    """Show the form for a new password."""
    return render_template("sign_in/forgot.html", form=ForgotForm(formdata=None))


@sign_in.post("/forgot")
@permit.public
def send_reset() -> Response | tuple[str, int]:
    """Let a mail go if somebody has this address; the answer is the same in both cases."""
    form = ForgotForm()
    if not form.validate_on_submit():
        return render_template("sign_in/forgot.html", form=form), 422
    count_try("reset", str(form.email.data))
    with database().transaction(AtGate()) as session:
        ask_reset(session, email=str(form.email.data))
    flash(
        "If this address has an account, a mail with a link is on its way. The link works for two hours.",
        "ok",
    )
    return redirect(url_for("sign_in.show"), 303)


@sign_in.get("/reset/<token>", defaults={"kind": "reset"})
@sign_in.get("/invitation/<token>", defaults={"kind": "invitation"})
@permit.public
def link(kind: str, token: str) -> str:
    """Show the form behind an invitation or reset link."""
    with database().transaction(AtGate(), read_only=True) as session:
        if find_credential(session, kind, digest(token)) is None:
            raise NotFoundError("This link was used already or is too old. Ask for a new one.")
    return render_template("sign_in/password.html", form=NewPasswordForm(formdata=None), kind=kind)


@sign_in.post("/reset/<token>", defaults={"kind": "reset"})
@sign_in.post("/invitation/<token>", defaults={"kind": "invitation"})
@permit.public
def use_link(kind: str, token: str) -> Response | tuple[str, int]:
    """Set a password by a link, and sign in with it."""
    form = NewPasswordForm()
    if not form.validate_on_submit():
        return render_template("sign_in/password.html", form=form, kind=kind), 422
    try:
        with database().transaction(AtGate()) as session:
            user_id = set_password_by_link(session, kind=kind, secret=token, password=str(form.password.data))
            secret = open_session(
                session, user_id=user_id, merchant_id=only_merchant(session, user_id), at=clock.now()
            )
    except UnprocessableError as error:
        form.password.errors = [error.sentence]
        return render_template("sign_in/password.html", form=form, kind=kind), 422
    flash("Your password is set. You are signed in; every other session has ended.", "ok")
    return with_session(redirect(url_for("sign_in.front"), 303), secret)


@sign_in.get("/choose")
@permit.public
def choose() -> str:
    """Show the merchants that somebody can act for."""
    authorise_anybody()
    return render_template("sign_in/choose.html")


@sign_in.post("/choose/<uuid:merchant_id>")
@permit.public
def chosen(merchant_id: UUID) -> Response:
    """Act for another merchant: a new session takes the place of this one."""
    principal = authorise_anybody()
    if (
        merchant_id not in {membership.merchant_id for membership in principal.memberships}
        or principal.user_id is None
    ):
        raise NotFoundError("You belong to no such merchant.")
    with database().transaction(AtGate()) as session:
        close_session(session, secret=request.cookies.get(cookie_name("session"), ""))
        secret = open_session(session, user_id=principal.user_id, merchant_id=merchant_id, at=clock.now())
    return with_session(redirect(url_for("merchants.home"), 303), secret)


@sign_in.get("/profile")
@permit.public
def profile() -> str:
    """Show somebody's own page."""
    authorise_anybody()
    return render_template("sign_in/profile.html", form=ChangePasswordForm(formdata=None))


@sign_in.post("/profile/password")
@permit.public
def new_password() -> Response | tuple[str, int]:
    """Change one's own password; every other session ends."""
    principal = authorise_anybody()
    form = ChangePasswordForm()
    if not form.validate_on_submit() or principal.user_id is None:
        return render_template("sign_in/profile.html", form=form), 422
    count_try("password", principal.email)
    try:
        with database().transaction(AtGate()) as session:
            change_password(
                session,
                user_id=principal.user_id,
                email=principal.email,
                old=str(form.old.data),
                new=str(form.password.data),
            )
            merchant_id = principal.merchant_id if principal.chosen else None
            secret = open_session(session, user_id=principal.user_id, merchant_id=merchant_id, at=clock.now())
    except NotSignedInError as error:
        form.old.errors = [error.sentence]
        return render_template("sign_in/profile.html", form=form), 422
    except UnprocessableError as error:
        form.password.errors = [error.sentence]
        return render_template("sign_in/profile.html", form=form), 422
    flash("Your password is changed. Every other session has ended.", "ok")
    return with_session(redirect(url_for("sign_in.profile"), 303), secret)


@sign_in.post("/profile/sign-out-everywhere")
@permit.public
def leave_everywhere() -> Response:
    """End every session of this person."""
    principal = authorise_anybody()
    if principal.user_id is not None:
        with database().transaction(AtGate()) as session:
            close_all_sessions(session, user_id=principal.user_id)
    flash("You are signed out everywhere.", "ok")
    return redirect(url_for("sign_in.show"), 303)


def _next() -> str:
    wanted = request.values.get("next", "")
    return wanted if wanted in AFTER else ""
