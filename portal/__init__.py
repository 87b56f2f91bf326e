"""Parcelyard: the portal of a third-party logistics company. `create_app` is the only place where web parts are joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from portal.config import Config


def create_app(config: Config) -> Flask:
    """Build the web application on a configuration; routes without a declared permission stop it here."""
    from portal.api.door import api  # noqa: PLC0415 (the command line imports this package without the web)
    from portal.merchants.door import merchants  # noqa: PLC0415
    from portal.office.door import office  # noqa: PLC0415
    from portal.tracking.door import tracking  # noqa: PLC0415
    from portal.warehouse.door import warehouse  # noqa: PLC0415
    from portal.web.access import require_permissions  # noqa: PLC0415
    from portal.web.factory import make_app  # noqa: PLC0415
    from portal.web.sign_in import sign_in  # noqa: PLC0415

    app = make_app(config)
    app.register_blueprint(sign_in)
    app.register_blueprint(merchants, url_prefix="/m")
    app.register_blueprint(warehouse, url_prefix="/s")
    app.register_blueprint(tracking, url_prefix="/t")
    app.register_blueprint(office, url_prefix="/o")
    app.register_blueprint(api, url_prefix="/api/v1")
    require_permissions(app)
    return app
