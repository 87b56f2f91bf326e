"""Coming in on a tablet: tiles, PIN pad, badge. One sentence for every cause of refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import g, redirect, render_template, request, url_for

from portal.domain.accounts.commands.sessions import close_session
from portal.domain.devices.commands import enter_by_badge, enter_by_pin
from portal.domain.devices.commands.entry import WRONG
from portal.domain.devices.queries import tiles as people_of
from portal.domain.devices.rules import Answer, wrong
from portal.kernel import clock
from portal.kernel.errors import NotSignedInError
from portal.kernel.scopes import AtGate
from portal.warehouse.door import warehouse
from portal.warehouse.tablet import find_tablet
from portal.web.access import cookie_name, permit
from portal.web.database import database
from portal.web.sign_in import with_session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from portal.domain.devices.queries import FoundDevice, Tile


@warehouse.get("/sign-in")
@permit.public
def tiles() -> str:
    """Show who works here; on a browser that is no tablet say so, on a locked one how it is opened."""
    return _tiles_page(None)


def _tiles_page(refusal: Answer | None) -> str:
    device: FoundDevice | None = g.device
    if device is None or device.locked:
        return render_template("warehouse/closed.html", found=device)
    return render_template("warehouse/tiles.html", people=_people(device), found=device, wrong=refusal)


def _people(device: FoundDevice) -> list[Tile]:
    with database().transaction(AtGate(), read_only=True) as session:
        return people_of(session, device.site_id)


@warehouse.post("/sign-in/badge")
@permit.public
def enter_badge() -> Response | tuple[str, int]:
    """Let the worker in whose badge was scanned."""
    device = _tablet()
    code = " ".join(request.form.get("code", "").replace("\0", "").split())[:200]
    with database().transaction(AtGate()) as session:
        secret = enter_by_badge(session, device=device, code=code, at=clock.now())
    if secret is None:
        g.device = find_tablet()
        return _tiles_page(wrong("Not let in", WRONG)), 401
    return _let_in(secret)


@warehouse.get("/sign-in/<uuid:user_id>")
@permit.public
def pad(user_id: UUID) -> str | Response:
    """Ask the person of a tile for the PIN."""
    return _pad_page(user_id, None)


def _pad_page(user_id: UUID, refusal: Answer | None) -> str | Response:
    device: FoundDevice | None = g.device
    person = next((tile for tile in _people(device) if tile.user_id == user_id), None) if device else None
    if device is None or device.locked or person is None:
        return redirect(url_for("warehouse.tiles"), 303)
    return render_template("warehouse/pad.html", person=person, wrong=refusal)


@warehouse.post("/sign-in/<uuid:user_id>")
@permit.public
def enter_pin(user_id: UUID) -> Response | tuple[str | Response, int]:
    """Let the person of a tile in, by the PIN."""
    device = _tablet()
    pin = request.form.get("pin", "").replace("\0", "")[:20]
    with database().transaction(AtGate()) as session:
        secret = enter_by_pin(session, device=device, user_id=user_id, pin=pin, at=clock.now())
    if secret is None:
        g.device = find_tablet()
        if g.device is None or g.device.locked:
            return _tiles_page(None), 401
        page = _pad_page(user_id, wrong("Not let in", WRONG))
        return (page, 401) if isinstance(page, str) else page
    return _let_in(secret)


def _tablet() -> FoundDevice:
    if g.device is None:
        raise NotSignedInError("Badge and PIN work only on a tablet that a lead has enrolled.")
    return g.device


def _let_in(secret: str) -> Response:
    with database().transaction(AtGate()) as session:
        if old := request.cookies.get(cookie_name("session")):
            close_session(session, secret=old)
    return with_session(redirect(url_for("warehouse.next_task"), 303), secret)
