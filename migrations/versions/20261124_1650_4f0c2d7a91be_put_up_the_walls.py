"""Put up the walls: forced row-level security, grants by column, the ledger's trigger, the definer functions."""

from __future__ import annotations

from pathlib import Path

from alembic import op

from portal.kernel.guard import ALL, HERE, OWN, Wall, append_only_sql, definer_sql, wall_sql

revision = "4f0c2d7a91be"
down_revision = "b6c29fec57d8"
branch_labels = None
depends_on = None

SQL = Path(__file__).resolve().parents[1] / "sql"
THIS_MERCHANT = OWN.replace("merchant_id", "id", 1)
THIS_SITE = HERE.replace("site_id", "id", 1)
COLLEAGUES = f"EXISTS (SELECT 1 FROM memberships c WHERE c.user_id = users.id AND c.{OWN})"

LEDGER = (("portal_ledger", "SELECT, INSERT, UPDATE", ALL),)
READ = (("portal_reader", "SELECT", ALL),)
AUTH = (("portal_auth", "SELECT, INSERT, UPDATE", ALL),)

DISPATCH = (
    "SELECT (id, event, scope_kind, scope_id, created_at, not_before, leased_until, attempts, done_at, failed_at, error), "
    "UPDATE (leased_until, attempts, not_before, done_at, failed_at, error)"
)

WALLS = (
    # Un-owned tables: the operator's own.
    Wall("sites", "SELECT", "SELECT", "SELECT", "SELECT, INSERT, UPDATE", ALL, ALL, THIS_SITE,
         others=(("portal_auth", "SELECT", ALL), *READ)),
    Wall("users", "SELECT", "SELECT", "SELECT", "SELECT, INSERT, UPDATE", COLLEAGUES, COLLEAGUES, ALL, others=AUTH),
    Wall("staff_members", "", "", "SELECT", "SELECT, INSERT, UPDATE, DELETE", others=(("portal_auth", "SELECT", ALL),)),
    Wall("credentials", others=(*AUTH, *READ)),
    Wall("devices", "", "", "SELECT, INSERT, UPDATE", "SELECT, UPDATE", others=(("portal_auth", "SELECT, UPDATE", ALL),)),
    Wall("scans", "", "", "SELECT, INSERT", "SELECT"),
    Wall("places", "SELECT", "SELECT", "SELECT, INSERT", "SELECT, INSERT, UPDATE",
         "kind NOT IN ('tote', 'parcel')", "kind NOT IN ('tote', 'parcel')", HERE, others=(("portal_ledger", "SELECT", ALL),)),
    Wall("audit_entries", "SELECT, INSERT", "INSERT", "INSERT", "SELECT, INSERT", floor_rows=ALL),
    Wall("batches", "", "", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE"),
    Wall("batch_orders", "", "", "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, UPDATE, DELETE"),
    Wall("picks", "", "", "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, UPDATE, DELETE"),
    # Owned tables: a merchant's.
    Wall("merchants", "SELECT, UPDATE", "SELECT",
         "SELECT (id, code, name, site_id, brand_colour, support_email, support_phone, shop_url, postal_identity, return_policy, "
         "return_days, handling_days)", "SELECT, INSERT, UPDATE", THIS_MERCHANT, THIS_MERCHANT, ALL,
         others=(("portal_auth", "SELECT", ALL), *READ)),
    Wall("memberships", "SELECT, INSERT, UPDATE, DELETE", "SELECT", "", "SELECT, INSERT, UPDATE, DELETE",
         others=(("portal_auth", "SELECT", ALL),)),
    Wall("api_tokens", "SELECT, INSERT, UPDATE", "", "", "SELECT, INSERT, UPDATE", others=(("portal_auth", "SELECT", ALL),)),
    Wall("skus", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE", "SELECT", "SELECT, INSERT, UPDATE", floor_rows=ALL),
    Wall("barcodes", "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT", "SELECT", "SELECT, INSERT, UPDATE, DELETE", floor_rows=ALL),
    Wall("lots", "SELECT", "SELECT", "SELECT, INSERT", "SELECT, INSERT", floor_rows=ALL),
    Wall("movements", "SELECT, INSERT", "SELECT, INSERT", "SELECT, INSERT", "SELECT, INSERT", others=READ),
    Wall("balances", "SELECT", "SELECT", "SELECT", "SELECT", others=LEDGER),
    Wall("line_balances", "SELECT", "SELECT", "SELECT", "SELECT", others=LEDGER),
    Wall("orders", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE",
         "SELECT (merchant_id, id, site_id, number, channel, state, progress, priority, service, note, placed_at, promised_on, created_at, "
         "shipped_at, cancelled_at), UPDATE (progress, shipped_at)", "SELECT, INSERT, UPDATE", others=READ),
    Wall("recipients", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE", "SELECT", "SELECT, INSERT, UPDATE", others=READ),
    Wall("order_lines", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE",
         "SELECT (merchant_id, id, order_id, site_id, position, sku_id, sku_code, name, attributes, quantity, quantity_cancelled, "
         "requires_shipping)", "SELECT, INSERT, UPDATE", others=READ),
    Wall("holds", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE", "SELECT, INSERT", "SELECT, INSERT, UPDATE"),
    Wall("order_events", "SELECT, INSERT", "SELECT, INSERT", "SELECT, INSERT", "SELECT, INSERT"),
    Wall("idempotency_keys", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE"),
    Wall("imports", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE", "", "SELECT"),
    Wall("staged_orders", "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, UPDATE", "", "SELECT"),
    Wall("parcels", "SELECT", "SELECT, UPDATE", "SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE", others=READ),
    Wall("documents", "SELECT", "SELECT, INSERT", "SELECT, INSERT, UPDATE", "SELECT, INSERT"),
    Wall("messages",
         "SELECT (merchant_id, id, order_id, parcel_id, kind, topic, state, from_name, reply_to, to_name, to_address, subject, error, attempts, "
         "created_at, sending_at, sent_at)", "SELECT, INSERT, UPDATE", "", "SELECT, INSERT, UPDATE"),
    # News.
    Wall("outbox", "INSERT", "SELECT, INSERT", "INSERT", "SELECT, INSERT, UPDATE (not_before, failed_at, attempts, error)",
         OWN.replace("merchant_id", "scope_id", 1), OWN.replace("merchant_id", "scope_id", 1), ALL, ALL,
         others=(("portal_gate", "INSERT", "scope_kind = 'operator'"),
                 ("portal_dispatch", DISPATCH, ALL))),
    Wall("outbox_receipts", "", "SELECT, INSERT", "", "SELECT, INSERT", "", ALL, "", ALL,
         others=(("portal_dispatch", "SELECT", ALL),)),
)  # fmt: skip

FUNCTIONS = (
    ("ledger_apply()", "portal_ledger"),
    ("ledger_lock(uuid, uuid[])", "portal_ledger", "portal_merchant", "portal_system", "portal_floor", "portal_office"),
    ("credential_find(text, text)", "portal_auth", "portal_gate"),
    ("credential_put(text, text, text, uuid, uuid, uuid, uuid, uuid, timestamptz)", "portal_auth",
     "portal_gate", "portal_merchant", "portal_system", "portal_floor", "portal_office"),
    ("credential_revoke(text, text, uuid, uuid)", "portal_auth",
     "portal_gate", "portal_merchant", "portal_system", "portal_floor", "portal_office"),
    ("credential_used(uuid)", "portal_auth", "portal_gate"),
    ("credential_last_used(uuid[])", "portal_auth", "portal_merchant"),
    ("principal_find(uuid)", "portal_auth", "portal_gate", "portal_auth"),
    ("session_find(text)", "portal_auth", "portal_gate"),
    ("user_for_email(text, text)", "portal_auth", "portal_merchant", "portal_office"),
    ("device_sign_in(uuid, boolean)", "portal_auth", "portal_gate"),
    ("device_find(uuid)", "portal_auth", "portal_gate"),
    ("site_workers(uuid)", "portal_auth", "portal_gate"),
    ("token_find(text)", "portal_auth", "portal_gate"),
    ("schema_version()", "portal_auth", "portal_gate"),
    ("tracking_page(text)", "portal_reader", "portal_tracking"),
    ("order_details(text)", "portal_reader", "portal_tracking"),
)  # fmt: skip


def upgrade() -> None:
    """Create the functions, hand them to their owners, and put a wall around every table."""
    for name in ("ledger", "credentials", "tracking", "parcels"):
        op.get_bind().exec_driver_sql((SQL / f"{name}.sql").read_text().replace("%", "%%"))
    for wall in WALLS:
        for statement in wall_sql(wall):
            op.get_bind().exec_driver_sql(statement)
    op.get_bind().exec_driver_sql("GRANT SELECT ON alembic_version TO portal_auth")
    for signature, owner, *callers in FUNCTIONS:
        for statement in definer_sql(signature, owner, *callers):
            op.get_bind().exec_driver_sql(statement)
    for table in ("movements", "audit_entries", "order_events"):
        for statement in append_only_sql(table):
            op.get_bind().exec_driver_sql(statement)
