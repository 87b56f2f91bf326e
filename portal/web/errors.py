"""How refusals and bugs look: a page for people, problem+json (RFC 9457) for machines. Never a trace of what is inside."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from flask import Response, g, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge, SecurityError

from portal.kernel.errors import DuplicateError, NotSignedInError, PortalError, UnprocessableError

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.wrappers import Response as AnyResponse

log = structlog.get_logger("portal.web")
UNIQUE_VIOLATION = "23505"
DRAIN_BYTES = 256 * 1024 * 1024

AWAY = "The portal is away for a moment. What you sent may not have been saved: wait a few seconds, reload the page and look."

_SENTENCES = {
    400: "The request could not be read. Go back, reload the page and try again.",
    404: "There is nothing at this address. Check it, or start from the home page.",
    405: "This address cannot be used in this way. Start from the home page.",
    413: "That is more than this page takes: files up to 50 MB for orders, 10 MB elsewhere. Split the file and upload the parts.",
    415: "This kind of content is not taken here. Send application/json.",
    429: "Too many requests in a short time. Wait a minute and try again.",
}
_TITLES = {
    401: "Sign in",
    403: "Not allowed",
    404: "Not found",
    409: "This cannot be done now",
    413: "Too large",
    422: "There is a problem",
    429: "Too many tries",
    503: "Away for a moment",
}


def problem_json(error: PortalError | HTTPException) -> Response:
    """Answer a refusal as problem+json: a stable code, a sentence, and every field that does not fit."""
    if isinstance(error, PortalError):
        status, code, detail = error.status, error.code, error.sentence
        fields = (
            [{"field": p.field, "code": p.code, "detail": p.sentence} for p in error.problems]
            if isinstance(error, UnprocessableError)
            else []
        )
        headers: list[tuple[str, str]] = (
            [("WWW-Authenticate", 'Bearer realm="parcelyard"')] if status == 401 else []
        )
    else:
        status = error.code or 500
        code, detail, fields = (
            HTTPStatus(status).name.lower(),
            _SENTENCES.get(status, HTTPStatus(status).description or HTTPStatus(status).phrase),
            [],
        )
        headers = [
            (name, value)
            for name, value in error.get_headers()
            if name.lower() not in ("content-type", "content-length")
        ]
    body: dict[str, object] = {
        "type": f"urn:parcelyard:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if fields:
        body["errors"] = fields
    body["request_id"] = g.get("request_id", "")
    return Response(json.dumps(body), status, headers=headers, content_type="application/problem+json")


def install(app: Flask) -> None:
    """Give every kind of error its answer."""

    @app.errorhandler(PortalError)
    def refuse(error: PortalError) -> AnyResponse | tuple[str, int]:
        if wants_json():
            return problem_json(error)
        if isinstance(error, NotSignedInError) and request.method in ("GET", "HEAD"):
            return redirect(url_for("sign_in.show"), 303)
        return _page(error.status, error.sentence)

    @app.errorhandler(CSRFError)
    def refuse_csrf(error: CSRFError) -> AnyResponse | tuple[str, int]:
        log.info("csrf refused", reason=error.description)
        sentence = "This page was open for too long, or cookies are off. Go back, reload it and send it again: nothing was changed."
        return problem_json(PortalError(sentence, code="csrf")) if wants_json() else _page(400, sentence)

    @app.errorhandler(RequestEntityTooLarge)
    def refuse_size(error: RequestEntityTooLarge) -> AnyResponse | tuple[str, int]:
        _drain()
        return problem_json(error) if wants_json() else _page(413, _SENTENCES[413])

    @app.errorhandler(SecurityError)
    def refuse_host(error: SecurityError) -> AnyResponse:
        # A page needs addresses, and none can be made for a host that is not ours.
        log.info("host refused", host=request.environ.get("HTTP_HOST", "")[:100])
        return Response(
            "This installation has another name. Check the address.\n",
            400,
            content_type="text/plain; charset=utf-8",
        )

    @app.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> AnyResponse | tuple[str, int] | tuple[str, int, dict[str, str]]:
        if wants_json():
            return problem_json(error)
        status = error.code or 500
        body, code = _page(
            status, _SENTENCES.get(status, HTTPStatus(status).description or "This cannot be done.")
        )
        if isinstance(error, MethodNotAllowed):
            return body, code, {"Allow": ", ".join(sorted(error.valid_methods or ()))}
        return body, code

    _install_surprises(app)


def _install_surprises(app: Flask) -> None:
    @app.errorhandler(IntegrityError)
    def refuse_race(error: IntegrityError) -> AnyResponse | tuple[str, int]:
        # Commands look before they write; two of the same at the same moment both see nothing.
        if getattr(error.orig, "sqlstate", "") != UNIQUE_VIOLATION:
            return fail(error)
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", "")
        log.warning("the same twice at once", id=g.get("request_id"), constraint=constraint)
        refused = DuplicateError(
            "The same came in twice at the same moment, and the other one was kept. Nothing of this one was saved. Reload the page."
        )
        return problem_json(refused) if wants_json() else _page(refused.status, refused.sentence)

    @app.errorhandler(OperationalError)
    def refuse_for_now(error: OperationalError) -> AnyResponse:
        # The database was stopped, is starting, or threw us out: the same request works in a moment.
        log.error("database away", id=g.get("request_id"), error=str(error.orig).partition("\n")[0])
        away = PortalError(AWAY, code="away")
        away.status = 503
        answer = (
            problem_json(away) if wants_json() else Response(_page(503, AWAY)[0], 503, mimetype="text/html")
        )
        answer.headers["Retry-After"] = "5"
        return answer

    @app.errorhandler(Exception)
    def fail(error: Exception) -> AnyResponse | tuple[str, int]:
        log.error("bug", id=g.get("request_id"), exc_info=error)
        sentence = f"Something on our side broke. Nothing of this step was saved. Tell us this number if it happens again: {g.get('request_id', '')}."
        broken = PortalError(sentence, code="bug")
        broken.status = 500
        return problem_json(broken) if wants_json() else _page(500, sentence)


def wants_json() -> bool:
    """Say whether a machine asks: the API's addresses, or a script of ours that sent JSON."""
    return request.path.startswith("/api/") or request.is_json


def _page(status: int, sentence: str) -> tuple[str, int]:
    title = _TITLES.get(status, HTTPStatus(status).phrase)
    return render_template("errors/error.html", status=status, heading=title, sentence=sentence), status


def _drain() -> None:
    """Read what is still coming, up to a cap, so that the browser gets to see the page instead of a broken connection."""
    chunked = request.content_length is None and request.environ.get("wsgi.input_terminated")
    left = DRAIN_BYTES if chunked else min(request.content_length or 0, DRAIN_BYTES)
    stream = request.environ["wsgi.input"]
    while left > 0:
        piece = stream.read(min(left, 1 << 20))
        if not piece:
            break
        left -= len(piece)
