"""S4: the tracking page against an empty Flask view, both called through WSGI in this process, in requests per CPU second."""

from __future__ import annotations

from flask import Flask

from bench.measure import Result, cpu, database
from portal import create_app
from portal.domain.messages.links import open_tracking
from portal.kernel.scopes import AsSystem
from tests import make

VIEWS, ROUNDS = 300, 5


def run() -> Result:
    """Measure and print."""
    with database() as (db, config):
        here = make.site(db)
        acme = make.merchant(db, here)
        tea = make.sku(db, acme)
        make.stock(db, here, acme, tea, 100)
        order_id = make.order(db, acme, {tea: 2})
        with db.transaction(AsSystem(acme, "bench")) as session:
            url = open_tracking(session, config, merchant_id=acme, order_id=order_id)
        path = url.removeprefix(config.base_url)
        app = create_app(config)
        ours, empty = app.test_client(), _empty().test_client()

        def look() -> None:
            for n in range(VIEWS):
                # Every view from another address: one that opens hundreds of pages is asked to wait.
                answer = ours.get(path, environ_base={"REMOTE_ADDR": f"127.1.{n // 250}.{n % 250}"})
                assert answer.status_code == 200, answer.status

        def look_at_nothing() -> None:
            for _ in range(VIEWS):
                assert empty.get("/").status_code == 200

        look()
        look_at_nothing()
        spent: dict[str, list[float]] = {"ours": [], "postgres": [], "empty": []}
        for _ in range(ROUNDS):
            with cpu(config) as one:
                look()
            spent["ours"].append(one.total_s)
            spent["postgres"].append(one.postgres_s)
            with cpu(config) as other:
                look_at_nothing()
            spent["empty"].append(other.total_s)
        app.extensions["database"].dispose()
    mine, in_postgres, nothing = (sorted(values)[ROUNDS // 2] / VIEWS * 1000 for values in spent.values())
    print(
        f"S4  a tracking page {mine:.2f} CPU ms ({in_postgres:.2f} in PostgreSQL), an empty view {nothing:.2f}; no HTTP server in either"
    )
    return Result(
        "S4", "tracking pages per CPU second against an empty view", nothing / mine, 0.25, at_most=False
    )


def _empty() -> Flask:
    app = Flask("empty")

    @app.get("/")
    def nothing() -> str:
        return ""

    return app
