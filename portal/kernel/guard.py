"""The walls as SQL: roles, forced row-level security, append-only tables, definer functions. For migrations and tests.

Every audience is a NOLOGIN role that a login may take for one transaction. Grants say which tables and columns an
audience may touch at all; policies say which rows.
"""

from __future__ import annotations

from dataclasses import dataclass

AUDIENCES = (
    "portal_merchant",
    "portal_floor",
    "portal_office",
    "portal_system",
    "portal_gate",
    "portal_dispatch",
    "portal_tracking",
    "portal_maintenance",
)
"""Roles that a transaction may run under."""

DEFINERS = ("portal_auth", "portal_ledger", "portal_reader")
"""Roles that own the few SECURITY DEFINER functions: credentials, balances, the tracking page."""

LOGINS = {
    "portal_app": (
        "portal_merchant",
        "portal_floor",
        "portal_office",
        "portal_system",
        "portal_gate",
        "portal_dispatch",
    ),
    "portal_public": ("portal_tracking",),
    "portal_dispatcher": ("portal_dispatch",),
}
"""Logins and the audiences that each may become."""

OWN = "merchant_id = (SELECT NULLIF(current_setting('portal.merchant_id', true), '')::uuid)"
HERE = "site_id = (SELECT NULLIF(current_setting('portal.site_id', true), '')::uuid)"
ALL = "true"


def roles_sql() -> list[str]:
    """Return the statements that make all roles, whatever exists already. Run them with the right to create roles."""
    statements = [_make_role("portal_owner", "NOLOGIN")]
    statements += [_make_role(role, "NOLOGIN") for role in (*AUDIENCES, *DEFINERS)]
    statements += [_make_role(login, "LOGIN NOINHERIT") for login in LOGINS]
    for login, roles in LOGINS.items():
        statements += [f"GRANT {role} TO {login} WITH INHERIT FALSE, SET TRUE" for role in roles]
    statements += [f"GRANT {role} TO portal_owner WITH INHERIT FALSE, SET TRUE" for role in DEFINERS]
    return statements


def _make_role(name: str, attributes: str) -> str:
    return (
        f"DO $$ BEGIN CREATE ROLE {name} {attributes} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE; "
        f"EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    )


def migrator_sql() -> list[str]:
    """Return the statements that let a migration login without superuser's rights act as the owner and as maintenance."""
    return [
        "GRANT portal_owner, portal_maintenance TO CURRENT_USER WITH INHERIT FALSE, SET TRUE",
        # Before the schema is handed over; afterwards it changes nothing.
        "GRANT USAGE ON SCHEMA public TO CURRENT_USER",
        "DO $$ BEGIN EXECUTE 'GRANT CREATE ON DATABASE ' || quote_ident(current_database()) || ' TO portal_owner'; END $$",
    ]


def schema_sql() -> list[str]:
    """Return the statements that give a new database's schema to the owner and let the audiences look into it."""
    audiences = ", ".join((*AUDIENCES, *DEFINERS))
    # The owner last: who hands a schema over may no longer grant anything on it.
    return [
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {audiences}, {', '.join(LOGINS)}",
        f"GRANT CREATE ON SCHEMA public TO {', '.join(DEFINERS)}",
        "ALTER SCHEMA public OWNER TO portal_owner",
    ]


@dataclass(frozen=True, slots=True)
class Wall:
    """Who may do what to one table: per audience, what is granted and which rows. An empty grant means nothing."""

    table: str
    merchant: str = ""
    system: str = ""
    floor: str = ""
    office: str = ""
    merchant_rows: str = OWN
    system_rows: str = OWN
    floor_rows: str = HERE
    office_rows: str = ALL
    others: tuple[tuple[str, str, str], ...] = ()
    """Further (role, grant, rows) of definer functions, the gate and the dispatcher."""


def wall_sql(wall: Wall) -> list[str]:
    """Return the statements that put the wall up: RLS enabled and forced, grants, one policy per audience."""
    table = wall.table
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"REVOKE ALL ON {table} FROM PUBLIC",
    ]
    entries = [
        ("portal_merchant", wall.merchant, wall.merchant_rows),
        ("portal_system", wall.system, wall.system_rows),
        ("portal_floor", wall.floor, wall.floor_rows),
        ("portal_office", wall.office, wall.office_rows),
        ("portal_maintenance", "SELECT", ALL),
        *wall.others,
    ]
    for role, grant, rows in entries:
        if grant:
            statements.append(f"GRANT {grant} ON {table} TO {role}")
            statements.append(
                f"CREATE POLICY {role.removeprefix('portal_')} ON {table} TO {role} USING ({rows}) WITH CHECK ({rows})"
            )
    return statements


def append_only_sql(table: str) -> list[str]:
    """Return the statements that refuse UPDATE, DELETE and TRUNCATE on a table, whoever asks."""
    return [
        f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    ]


def definer_sql(signature: str, owner: str, *callers: str) -> list[str]:
    """Return the statements that hand a SECURITY DEFINER function to its owner and let only `callers` call it."""
    # Grants first: once the function is handed over, the owner of the schema may no longer change who calls it.
    statements = [f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC"]
    statements += [f"GRANT EXECUTE ON FUNCTION {signature} TO {caller}" for caller in callers]
    return [*statements, f"ALTER FUNCTION {signature} OWNER TO {owner}"]
