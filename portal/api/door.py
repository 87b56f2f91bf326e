"""The blueprint: a token decides the scope, every refusal is problem+json, and nothing here reads a session cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, request
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from portal.api.reading import MOST_BYTES
from portal.kernel.errors import FieldProblem, NotAllowedError, PortalError, UnprocessableError
from portal.kernel.scopes import AsMerchant
from portal.web.access import authenticate_token
from portal.web.errors import problem_json
from portal.web.factory import csrf

if TYPE_CHECKING:
    from flask import Response

api = Blueprint("api", __name__)
MOST_PROBLEMS = 100
"""So many fields that do not fit are named in one answer: a body of nonsense must not come back four times as large."""

# A page of another site cannot send a token, so there is nothing to protect a machine's requests from.
csrf.exempt(api)  # pyright: ignore[reportUnknownMemberType] (Flask-WTF has no types)


@api.before_request
def know_the_merchant() -> None:
    """Find the token's merchant; 401 when there is no token, or nobody's."""
    request.max_content_length = MOST_BYTES
    principal = authenticate_token(request.headers.get("Authorization", ""))
    if principal.merchant_id is None:
        raise NotAllowedError("This token belongs to no merchant.")
    g.principal = principal
    g.scope = AsMerchant(principal.merchant_id, principal.user_id)


@api.errorhandler(PortalError)
def refuse(error: PortalError) -> Response:
    """Answer a refusal."""
    return problem_json(error)


@api.errorhandler(ValidationError)
def refuse_fields(error: ValidationError) -> Response:
    """Answer a body that does not fit its schema: every field at once (up to a hundred), and nothing of what was sent."""
    entries = error.errors(include_url=False, include_context=False, include_input=False)
    problems = tuple(
        FieldProblem(
            ".".join(str(part) for part in entry["loc"])[:200] or "body", entry["type"], entry["msg"]
        )
        for entry in entries[:MOST_PROBLEMS]
    )
    fields = "field does" if len(entries) == 1 else "fields do"
    which = f"the first {MOST_PROBLEMS} of them in `errors`" if len(entries) > MOST_PROBLEMS else "`errors`"
    return problem_json(
        UnprocessableError(f"{len(entries)} {fields} not fit. See {which}.", problems=problems, code="fields")
    )


@api.errorhandler(HTTPException)
def refuse_http(error: HTTPException) -> Response:
    """Answer what Flask itself refuses (405, 413, 415…), with its headers."""
    return problem_json(error)


from portal.api.views import orders  # pyright: ignore[reportUnusedImport] (registers the routes)
