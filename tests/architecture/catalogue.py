"""Questions to PostgreSQL's catalogue about the walls (promise T2). Each answers with the names of what breaks the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Connection

UNWALLED = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1
"""
OPEN_POLICIES = """
SELECT p.tablename || ' ' || r FROM pg_policies p CROSS JOIN LATERAL unnest(p.roles) r
WHERE p.schemaname = 'public' AND r IN ('portal_merchant', 'portal_system', 'public')
  AND coalesce(p.qual, '') NOT LIKE '%portal.merchant_id%'
  AND NOT (p.tablename, r) IN (VALUES ('sites', 'portal_merchant'), ('sites', 'portal_system'), ('places', 'portal_merchant'),
                                      ('places', 'portal_system'), ('outbox_receipts', 'portal_system')) ORDER BY 1
"""
OWNED_WITHOUT_LEADING_KEY = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'merchant_id' AND a.attnotnull
JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND i.indkey[0] <> a.attnum
  AND c.relname NOT IN ('batch_orders', 'picks') ORDER BY 1
"""
SINGLE_COLUMN_KEYS = """
SELECT con.conname FROM pg_constraint con
JOIN pg_attribute a ON a.attrelid = con.conrelid AND a.attname = 'merchant_id'
JOIN pg_attribute b ON b.attrelid = con.confrelid AND b.attname = 'merchant_id' AND b.attnotnull
WHERE con.contype = 'f' AND con.connamespace = 'public'::regnamespace AND con.confrelid <> 'merchants'::regclass
  AND NOT (a.attnum = ANY (con.conkey) AND b.attnum = ANY (con.confkey)) ORDER BY 1
"""
DEFINER_VIEWS = """
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
  AND (c.relkind = 'm' OR c.relkind = 'v' AND NOT coalesce(c.reloptions @> ARRAY['security_invoker=true'], false)) ORDER BY 1
"""
TABLES_OF_LOGINS = """
SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'p') AND r.rolname <> 'portal_owner' ORDER BY 1
"""
TRUNCATE_GRANTS = """
SELECT DISTINCT grantee || ' ' || table_name FROM information_schema.role_table_grants
WHERE table_schema = 'public' AND privilege_type IN ('TRUNCATE', 'TRIGGER', 'REFERENCES') AND grantee LIKE 'portal%' AND grantee <> 'portal_owner' ORDER BY 1
"""
POWERFUL_ROLES = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'portal%' AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb) ORDER BY 1"
LOOSE_DEFINERS = """
SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
  AND (NOT coalesce(p.proconfig @> ARRAY['search_path=public, pg_temp'], false) OR has_function_privilege('public', p.oid, 'EXECUTE')) ORDER BY 1
"""
CHANGEABLE_HISTORY = """
SELECT t FROM unnest(ARRAY['movements', 'audit_entries', 'order_events']) t
WHERE (SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = t::regclass AND g.tgname IN ('refuse_change', 'refuse_truncate') AND g.tgenabled = 'O') <> 2
ORDER BY 1
"""

RULES = {
    "every table has row-level security, forced": UNWALLED,
    "policies for merchants and their jobs name the merchant": OPEN_POLICIES,
    "merchant_id leads the keys of owned tables": OWNED_WITHOUT_LEADING_KEY,
    "keys between owned rows carry the merchant": SINGLE_COLUMN_KEYS,
    "views run as their caller": DEFINER_VIEWS,
    "portal_owner owns every table": TABLES_OF_LOGINS,
    "nobody may truncate": TRUNCATE_GRANTS,
    "no role passes the walls": POWERFUL_ROLES,
    "definer functions have a fixed search path and named callers": LOOSE_DEFINERS,
    "history cannot be changed": CHANGEABLE_HISTORY,
}


def breaches(connection: Connection, rule: str) -> list[str]:
    """Return the names of what breaks a rule."""
    return [row[0] for row in connection.execute(text(RULES[rule]))]
