"""A merchant's people: who they are, what they may do, who else is invited."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import flash, g, redirect, render_template, request, url_for

from portal.domain.accounts.commands.people import change_role, invite_member, remove_member
from portal.domain.accounts.queries import list_members
from portal.kernel import clock
from portal.kernel.errors import DuplicateError, UnprocessableError
from portal.merchants.door import merchants
from portal.merchants.forms import InviteForm
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.principal import PERMISSIONS

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

ROLES = tuple(role for kind, role in PERMISSIONS if kind == "merchant")


@merchants.get("/team")
@permit("orders.read")
def team() -> str:
    """Show who belongs to the merchant."""
    return _page(InviteForm(formdata=None))


def _page(form: InviteForm) -> str:
    with transaction(read_only=True) as session:
        members = list_members(session, g.principal.merchant_id)
        return render_template(
            "merchants/team.html",
            members=members,
            owners=sum(member.role == "owner" for member in members),
            form=form,
            roles=ROLES,
        )


@merchants.post("/team")
@permit("team.manage")
def invite() -> Response | tuple[str, int]:
    """Invite somebody by mail."""
    form = InviteForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        with transaction() as session:
            invite_member(
                session, merchant_id=g.principal.merchant_id, email=str(form.email.data), name=str(form.name.data), role=str(form.role.data),
                by=g.principal.user_id, at=clock.now(),
            )  # fmt: skip
    except (DuplicateError, UnprocessableError) as error:
        form.email.errors = [error.sentence]
        return _page(form), 422
    flash(f"An invitation is on its way to {form.email.data}.", "ok")
    return redirect(url_for("merchants.team"), 303)


@merchants.post("/team/<uuid:user_id>/role")
@permit("team.manage")
def role(user_id: UUID) -> Response:
    """Change what somebody may do."""
    with transaction() as session:
        change_role(
            session,
            merchant_id=g.principal.merchant_id,
            user_id=user_id,
            role=request.form.get("role", ""),
            by=g.principal.user_id,
            at=clock.now(),
        )
    flash("The role is changed.", "ok")
    return redirect(url_for("merchants.team"), 303)


@merchants.post("/team/<uuid:user_id>/remove")
@permit("team.manage")
def remove(user_id: UUID) -> Response:
    """Take somebody's access away."""
    with transaction() as session:
        remove_member(
            session,
            merchant_id=g.principal.merchant_id,
            user_id=user_id,
            by=g.principal.user_id,
            at=clock.now(),
        )
    flash("Removed. They cannot see anything of yours any more.", "ok")
    return redirect(url_for("merchants.team"), 303)
