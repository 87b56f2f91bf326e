"""Where every scan arrives: one address per step, one answer per scan, a page for forms and JSON for the tablet's script."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import flash, g, jsonify, make_response, redirect, render_template, request, url_for

from portal.domain.accounts.commands.sessions import close_session
from portal.domain.devices.commands import answer_scan
from portal.domain.devices.rules import Answer, ScanIn
from portal.domain.picking.rules import SIGN_OUT
from portal.kernel import clock
from portal.kernel.errors import NotFoundError, UnprocessableError
from portal.kernel.scopes import AtGate
from portal.warehouse.door import warehouse
from portal.warehouse.steps import STEPS
from portal.web.access import cookie_name, permit
from portal.web.database import database, transaction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response

    from portal.warehouse.steps import Step

ABOUT = ("parcel", "merchant", "sku", "place", "quantity", "code_was")
STATUS = {"applied": 200, "conflict": 409, "rejected": 422}
LONGEST_CODE = 200


@warehouse.post("/scan/<step>")
@permit("floor.work")
def scan(step: str) -> Response | tuple[str, int]:
    """Carry a scan out and answer it; the same id again gets the same answer."""
    if step not in STEPS:
        raise NotFoundError("There is no such screen.")
    posted = _posted()
    here = STEPS[step]
    about = {name: _plain(posted[name]) for name in ABOUT if posted.get(name)}
    incoming = read_scan(posted)
    if incoming.code.upper() == SIGN_OUT:
        return _sign_out(incoming)
    with transaction() as session:
        answer = answer_scan(
            session, incoming, step=step, work=lambda inner, given: here.work(inner, given, about)
        )
        address = here.leads_to(session, incoming, about, answer)
        if request.is_json:
            return _as_json(incoming, answer, address)
        if answer.outcome == "applied":
            say(answer)
            return redirect(address, 303)
        return _wrong(session, here, about, answer)


def _posted() -> Mapping[str, object]:
    if not request.is_json:
        return request.form
    try:
        body: object = request.get_json()
    except RecursionError as error:
        raise UnprocessableError("The scan is nested too deeply.") from error
    if not isinstance(body, dict):
        raise UnprocessableError("Send one scan as a JSON object with id and code.")
    return body  # pyright: ignore[reportUnknownVariableType] (any JSON object; each value is read as text)


def read_scan(posted: Mapping[str, object]) -> ScanIn:
    """Return the scan that a form or the tablet's script sent; `UnprocessableError` when it carries no uuid."""
    code = " ".join(_plain(posted.get("code", "")).split())
    try:
        scan_id = UUID(str(posted.get("id", "")))
    except ValueError as error:
        raise UnprocessableError("A scan carries the uuid that the tablet made for it.") from error
    if len(code) > LONGEST_CODE:
        raise UnprocessableError(f"A code has at most {LONGEST_CODE} characters.")
    return ScanIn(
        id=scan_id,
        site_id=g.principal.site_id,
        device_id=g.device.id if g.device else None,
        user_id=g.principal.user_id,
        code=code,
        at=clock.now(),
    )


def _plain(value: object) -> str:
    """Return what was sent as a text that can be kept: JSON may hold NUL and halves of characters."""
    return str(value).replace("\0", "").encode("utf-8", "replace").decode()


def say(answer: Answer) -> None:
    """Have the next page say what a scan came to."""
    flash(" · ".join(part for part in (answer.headline, answer.sentence) if part), "ok")


def _as_json(incoming: ScanIn, answer: Answer, address: str) -> Response:
    response = jsonify(
        id=str(incoming.id),
        verdict=answer.verdict,
        first=answer.first,
        headline=answer.headline,
        sentence=answer.sentence,
        completed=answer.completed,
        next=address,
    )
    response.status_code = STATUS[answer.outcome]
    return response


def _wrong(session: Session, here: Step, about: Mapping[str, str], answer: Answer) -> tuple[str, int]:
    screen = here.screen(session, about)
    page = render_template(screen.template, **screen.values, wrong=answer)
    return page, STATUS[answer.outcome]


def _sign_out(incoming: ScanIn) -> Response:
    with database().transaction(AtGate()) as session:
        close_session(session, secret=request.cookies.get(cookie_name("session"), ""))
    address = url_for("warehouse.tiles")
    answer = Answer(verdict="applied", headline="Signed out")
    response = make_response(
        _as_json(incoming, answer, address) if request.is_json else redirect(address, 303)
    )
    response.delete_cookie(cookie_name("session"), path="/")
    return response
