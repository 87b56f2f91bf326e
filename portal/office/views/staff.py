"""The operator's own people: who they are, inviting them, and a worker's badge and PIN."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import flash, g, redirect, render_template, url_for

from portal.domain.accounts.commands.people import invite_staff as invite
from portal.domain.accounts.commands.people import set_badge, set_pin
from portal.domain.accounts.queries import get_staff_member, list_sites, list_staff
from portal.kernel import clock
from portal.kernel.errors import DuplicateError, NotFoundError, UnprocessableError
from portal.office.door import office
from portal.office.forms import BadgeForm, PinForm, StaffForm, show_problems
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.forms import choices

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response


@office.get("/staff")
@permit("office.admin")
def staff() -> str:
    """Show who belongs to the staff."""
    return _page(StaffForm(formdata=None))


def _page(form: StaffForm) -> str:
    with transaction(read_only=True) as session:
        form.site.choices = choices(_sites(session))
        return render_template("office/staff.html", people=list_staff(session), form=form)


def _sites(session: Session) -> list[tuple[str, str]]:
    return [*((str(site.id), site.name) for site in list_sites(session)), ("", "None (office)")]


@office.post("/staff")
@permit("office.admin")
def invite_staff() -> Response | tuple[str, int]:
    """Take somebody on as staff, and let an invitation go to them."""
    form = StaffForm()
    with transaction(read_only=True) as session:
        form.site.choices = choices(_sites(session))
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        with transaction() as session:
            user_id = invite(
                session, email=str(form.email.data), name=str(form.name.data), role=str(form.role.data),
                site_id=UUID(form.site.data) if form.site.data else None, by=g.principal.user_id, at=clock.now(),
            )  # fmt: skip
    except (UnprocessableError, DuplicateError) as error:
        show_problems(form, error, default="email")
        return _page(form), 422
    flash(f"An invitation is on its way to {form.email.data}.", "ok")
    floor = form.role.data in ("worker", "lead")
    return redirect(url_for("office.worker", user_id=user_id) if floor else url_for("office.staff"), 303)


@office.get("/staff/<uuid:user_id>")
@permit("office.admin")
def worker(user_id: UUID) -> str:
    """Show a worker or lead, with the forms for badge and PIN."""
    return _worker_page(user_id, BadgeForm(formdata=None), PinForm(formdata=None))


def _worker_page(user_id: UUID, badge: BadgeForm, pin: PinForm) -> str:
    with transaction(read_only=True) as session:
        return render_template(
            "office/worker.html", person=_worker(session, user_id)[0], badge=badge, pin=pin
        )


def _worker(session: Session, user_id: UUID):  # noqa: ANN202 (a pair that two views unpack)
    person = get_staff_member(session, user_id)
    if person.site_id is None:
        raise NotFoundError("Badges and PINs are for workers and leads; the office signs in with a password.")
    return person, person.site_id


@office.post("/staff/<uuid:user_id>/badge")
@permit("office.admin")
def give_badge(user_id: UUID) -> Response | tuple[str, int]:
    """Let a badge's barcode stand for a worker; an older badge of theirs ends."""
    form = BadgeForm()
    if not form.validate_on_submit():
        return _worker_page(user_id, form, PinForm(formdata=None)), 422
    try:
        with transaction() as session:
            _, site_id = _worker(session, user_id)
            set_badge(
                session, user_id=user_id, code=str(form.code.data), site_id=site_id, by=g.principal.user_id, at=clock.now()
            )  # fmt: skip
    except (UnprocessableError, DuplicateError) as error:
        show_problems(form, error, default="code")
        return _worker_page(user_id, form, PinForm(formdata=None)), 422
    flash("The badge works on the site's tablets from now on. An older badge of this person has ended.", "ok")
    return redirect(url_for("office.worker", user_id=user_id), 303)


@office.post("/staff/<uuid:user_id>/pin")
@permit("office.admin")
def give_pin(user_id: UUID) -> Response | tuple[str, int]:
    """Let a worker sign in by tile and PIN."""
    form = PinForm()
    if not form.validate_on_submit():
        return _worker_page(user_id, BadgeForm(formdata=None), form), 422
    try:
        with transaction() as session:
            _, site_id = _worker(session, user_id)
            set_pin(
                session, user_id=user_id, pin=str(form.pin.data), site_id=site_id, by=g.principal.user_id, at=clock.now()
            )  # fmt: skip
    except (UnprocessableError, DuplicateError) as error:
        show_problems(form, error, default="pin")
        return _worker_page(user_id, BadgeForm(formdata=None), form), 422
    flash("The PIN works on the site's tablets from now on.", "ok")
    return redirect(url_for("office.worker", user_id=user_id), 303)
