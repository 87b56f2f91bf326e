"""Which tablet is asking: its long-lived cookie, and the setting that it keeps for itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import current_app, request

from portal.domain.devices.queries import FoundDevice, find_device
from portal.kernel.scopes import AtGate
from portal.web.access import cookie_name
from portal.web.database import database

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

A_YEAR_S = 365 * 24 * 3600


def find_tablet() -> FoundDevice | None:
    """Return the enrolled tablet that sent this request, or None."""
    secret = request.cookies.get(cookie_name("device"), "")
    if not re.fullmatch(r"[0-9A-Za-z]{32}", secret):
        return None
    with database().transaction(AtGate(), read_only=True) as session:
        return find_device(session, secret)


def keep_secret(response: Response, secret: str) -> None:
    """Let the browser keep what makes it a tablet, out of reach of scripts."""
    _keep(response, "device", secret, httponly=True)


def prints_by_itself() -> bool:
    """Say whether this tablet prints label and slip as soon as a parcel is packed; it does unless it was told not to."""
    return request.cookies.get(cookie_name("printing")) != "off"


def keep_printing(response: Response, *, on: bool) -> None:
    """Let the browser keep whether it prints by itself."""
    _keep(response, "printing", "on" if on else "off", httponly=True)


def _keep(response: Response, name: str, value: str, *, httponly: bool) -> None:
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=A_YEAR_S,
        httponly=httponly,
        secure=current_app.config["SESSION_COOKIE_SECURE"] is True,
        samesite="Lax",
        path="/",
    )
