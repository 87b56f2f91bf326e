"""Parcelyard: the portal of a third-party logistics company. `create_app` is the only place where web parts are joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from portal.config import Config


def create_app(config: Config) -> Flask:
    """Build the web application on a configuration; routes without a declared permission stop it here."""
    from portal.api.door import api
    from portal.merchants.door import merchants
    from portal.office.door import office
    from portal.tracking.door import tracking
    from portal.warehouse.door import warehouse
    from portal.web.access import require_permissions
    from portal.web.factory import make_app
    from portal.web.sign_in import sign_in

    app = make_app(config)
    app.register_blueprint(sign_in)
    app.register_blueprint(merchants, url_prefix="/m")
    app.register_blueprint(warehouse, url_prefix="/s")
    app.register_blueprint(tracking, url_prefix="/t")
    app.register_blueprint(office, url_prefix="/o")
    app.register_blueprint(api, url_prefix="/api/v1")
    require_permissions(app)
    return app
