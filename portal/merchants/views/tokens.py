"""Tokens of a merchant's machines: made once, shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from flask import current_app, flash, g, redirect, render_template, url_for

from portal.domain.accounts.commands.tokens import create_api_token, revoke_api_token
from portal.domain.accounts.queries import list_api_tokens
from portal.kernel import clock
from portal.kernel.errors import UnprocessableError
from portal.merchants.door import merchants
from portal.merchants.forms import TokenForm
from portal.web.access import permit
from portal.web.database import transaction
from portal.web.principal import TOKEN_SCOPES

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@merchants.get("/developers")
@permit("tokens.manage")
def tokens() -> str:
    """Show the merchant's tokens."""
    return _page(TokenForm(formdata=None))


def _page(form: TokenForm, secret: str = "") -> str:
    with transaction(read_only=True) as session:
        rows = list_api_tokens(session, g.principal.merchant_id)
        return render_template(
            "merchants/tokens.html",
            tokens=rows,
            form=form,
            secret=secret,
            base_url=current_app.extensions["config"].base_url,
        )


@merchants.post("/developers")
@permit("tokens.manage")
def create_token() -> str | tuple[str, int]:
    """Make a token and show it, this once."""
    form = TokenForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        with transaction() as session:
            _, secret = create_api_token(
                session, merchant_id=g.principal.merchant_id, name=str(form.name.data), scopes=form.scopes.data or [], allowed=TOKEN_SCOPES,
                by=g.principal.user_id, at=clock.now(),
            )  # fmt: skip
    except UnprocessableError as error:
        form.scopes.errors = [error.sentence]
        return _page(form), 422
    return _page(TokenForm(formdata=None), secret)


@merchants.post("/developers/<uuid:token_id>/revoke")
@permit("tokens.manage")
def revoke_token(token_id: UUID) -> Response:
    """End a token at once."""
    with transaction() as session:
        revoke_api_token(
            session,
            merchant_id=g.principal.merchant_id,
            token_id=token_id,
            by=g.principal.user_id,
            at=clock.now(),
        )
    flash("The token is revoked. Whatever used it gets 401 from now on.", "ok")
    return redirect(url_for("merchants.tokens"), 303)
