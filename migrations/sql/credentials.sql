-- Credentials come before anybody's scope is known. No audience reads the table: these functions look one up by its
-- exact value, and write one within the rights of the caller's role.
CREATE FUNCTION credential_find(p_kind text, p_lookup text) RETURNS SETOF credentials
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT * FROM credentials c
  WHERE c.kind = p_kind AND c.lookup = p_lookup AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now());
END;

CREATE FUNCTION credential_put(
  p_kind text, p_lookup text, p_secret_hash text, p_user_id uuid, p_merchant_id uuid, p_site_id uuid, p_subject_id uuid,
  p_device_id uuid, p_expires_at timestamptz
) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  caller text := current_setting('role');
  put uuid;
BEGIN
  IF caller IN ('portal_merchant', 'portal_system') AND (
       p_kind NOT IN ('api_token', 'invitation', 'tracking', 'details')
       OR p_merchant_id IS DISTINCT FROM NULLIF(current_setting('portal.merchant_id', true), '')::uuid) THEN
    RAISE insufficient_privilege USING MESSAGE = 'credential outside the merchant''s rights';
  ELSIF caller = 'portal_floor' AND (
       p_kind NOT IN ('device', 'badge', 'pin')
       OR p_site_id IS DISTINCT FROM NULLIF(current_setting('portal.site_id', true), '')::uuid
       OR (p_kind IN ('badge', 'pin')
           AND NOT EXISTS (SELECT 1 FROM staff_members w WHERE w.user_id = p_user_id AND w.site_id = p_site_id))) THEN
    RAISE insufficient_privilege USING MESSAGE = 'credential outside the floor''s rights';
  ELSIF caller = 'portal_gate' AND p_kind NOT IN ('session', 'password', 'reset') THEN
    RAISE insufficient_privilege USING MESSAGE = 'credential outside the gate''s rights';
  END IF;
  INSERT INTO credentials (kind, lookup, secret_hash, user_id, merchant_id, site_id, subject_id, device_id, expires_at)
  VALUES (p_kind, p_lookup, p_secret_hash, p_user_id, p_merchant_id, p_site_id, p_subject_id, p_device_id, p_expires_at)
  ON CONFLICT (kind, lookup) DO UPDATE SET secret_hash = excluded.secret_hash, expires_at = excluded.expires_at, revoked_at = NULL
    WHERE credentials.user_id IS NOT DISTINCT FROM excluded.user_id AND credentials.kind IN ('password', 'pin')
  RETURNING id INTO put;
  IF put IS NULL THEN
    RAISE unique_violation USING MESSAGE = 'this credential is in use';
  END IF;
  RETURN put;
END $$;

-- Revokes by look-up value, by user or by subject; a merchant or a site can only revoke its own.
CREATE FUNCTION credential_revoke(p_kind text, p_lookup text, p_user_id uuid, p_subject_id uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  caller text := current_setting('role');
  done integer;
BEGIN
  IF num_nonnulls(p_lookup, p_user_id, p_subject_id) = 0 THEN
    RAISE null_value_not_allowed USING MESSAGE = 'nothing to revoke was named';
  END IF;
  UPDATE credentials c SET revoked_at = now()
  WHERE c.kind = p_kind AND c.revoked_at IS NULL
    AND (p_lookup IS NULL OR c.lookup = p_lookup)
    AND (p_user_id IS NULL OR c.user_id = p_user_id)
    AND (p_subject_id IS NULL OR c.subject_id = p_subject_id)
    AND (caller NOT IN ('portal_merchant', 'portal_system') OR c.merchant_id = NULLIF(current_setting('portal.merchant_id', true), '')::uuid)
    AND (caller <> 'portal_floor' OR c.site_id = NULLIF(current_setting('portal.site_id', true), '')::uuid);
  GET DIAGNOSTICS done = ROW_COUNT;
  RETURN done;
END $$;

CREATE FUNCTION credential_used(p_id uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  UPDATE credentials SET used_at = now() WHERE id = p_id AND (used_at IS NULL OR used_at < now() - interval '1 minute');
END;

-- What a merchant may know of when its own tokens were used.
CREATE FUNCTION credential_last_used(p_subjects uuid[]) RETURNS TABLE (subject_id uuid, used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT c.subject_id, c.used_at FROM credentials c
  WHERE c.kind = 'api_token' AND c.subject_id = ANY (p_subjects)
    AND c.merchant_id = NULLIF(current_setting('portal.merchant_id', true), '')::uuid;
END;

-- Who a user is: one row per membership and one for a staff role.
CREATE FUNCTION principal_find(p_user_id uuid) RETURNS TABLE (
  user_id uuid, email text, display_name text, kind text, role text,
  merchant_id uuid, merchant_code text, merchant_name text, site_id uuid, site_name text, site_timezone text
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT u.id, u.email, u.display_name, 'merchant', m.role, t.id, t.code, t.name, s.id, s.name, s.timezone
  FROM users u JOIN memberships m ON m.user_id = u.id JOIN merchants t ON t.id = m.merchant_id JOIN sites s ON s.id = t.site_id
  WHERE u.id = p_user_id AND u.disabled_at IS NULL
  UNION ALL
  SELECT u.id, u.email, u.display_name, 'staff', w.role, NULL, NULL, NULL, s.id, s.name, s.timezone
  FROM users u JOIN staff_members w ON w.user_id = u.id LEFT JOIN sites s ON s.id = w.site_id
  WHERE u.id = p_user_id AND u.disabled_at IS NULL
  ORDER BY 4, 8;
END;

-- A session and who it belongs to, in one look-up.
CREATE FUNCTION session_find(p_lookup text) RETURNS TABLE (
  session_id uuid, session_merchant_id uuid, session_site_id uuid, device_id uuid, used_at timestamptz, created_at timestamptz,
  user_id uuid, email text, display_name text, kind text, role text,
  merchant_id uuid, merchant_code text, merchant_name text, site_id uuid, site_name text, site_timezone text
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT c.id, c.merchant_id, c.site_id, c.device_id, c.used_at, c.created_at, p.*
  FROM credentials c CROSS JOIN LATERAL principal_find(c.user_id) p
  WHERE c.kind = 'session' AND c.lookup = p_lookup AND c.revoked_at IS NULL AND c.expires_at > now();
END;

-- The id of the person with this address, made when nobody has it: an invitation must not tell whether somebody had.
CREATE FUNCTION user_for_email(p_email text, p_name text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  found uuid;
BEGIN
  INSERT INTO users (id, email, display_name) VALUES (uuidv7(), lower(p_email), p_name) ON CONFLICT (email) DO NOTHING;
  SELECT id INTO found FROM users WHERE email = lower(p_email);
  RETURN found;
END $$;

-- A tablet counts a try as failed before it is looked at, under its row's lock, and locks itself at the fifth; the caller
-- looks at no try after that one. A good try takes back itself and nothing else, so that nobody buys guesses at another's
-- PIN with their own badge; a quarter of an hour without a failed try starts the count again.
CREATE FUNCTION device_sign_in(p_device_id uuid, p_success boolean) RETURNS TABLE (failed integer, locked boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  UPDATE devices SET
    failed_sign_ins = CASE
      WHEN p_success THEN greatest(failed_sign_ins - 1, 0)
      WHEN locked_at IS NULL AND last_failed_at < now() - interval '15 minutes' THEN 1
      ELSE failed_sign_ins + 1 END,
    locked_at = CASE
      WHEN p_success THEN NULL
      WHEN locked_at IS NULL AND last_failed_at < now() - interval '15 minutes' THEN NULL
      WHEN failed_sign_ins + 1 >= 5 THEN coalesce(locked_at, now())
      ELSE locked_at END,
    last_failed_at = CASE WHEN p_success THEN last_failed_at ELSE now() END,
    last_seen_at = now()
  WHERE id = p_device_id AND revoked_at IS NULL
  RETURNING failed_sign_ins, locked_at IS NOT NULL;
END;

CREATE FUNCTION device_find(p_device_id uuid) RETURNS TABLE (id uuid, name text, site_id uuid, site_name text, locked boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT d.id, d.name, d.site_id, s.name, d.locked_at IS NOT NULL
  FROM devices d JOIN sites s ON s.id = d.site_id WHERE d.id = p_device_id AND d.revoked_at IS NULL;
END;

-- The tiles of a tablet's sign-in screen: the people who work at its site.
CREATE FUNCTION site_workers(p_site_id uuid) RETURNS TABLE (user_id uuid, display_name text, role text, has_pin boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT u.id, u.display_name, w.role,
         EXISTS (SELECT 1 FROM credentials c WHERE c.kind = 'pin' AND c.lookup = u.id::text AND c.revoked_at IS NULL)
  FROM staff_members w JOIN users u ON u.id = w.user_id
  WHERE w.site_id = p_site_id AND u.disabled_at IS NULL ORDER BY u.display_name, u.id;
END;

-- Which migration the database is at, for /readyz.
CREATE FUNCTION schema_version() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
RETURN (SELECT version_num FROM alembic_version);

-- A machine's token with its merchant, in one look-up; notes the use.
CREATE FUNCTION token_find(p_lookup text) RETURNS TABLE (
  credential_id uuid, token_id uuid, name text, scopes text[], merchant_id uuid, merchant_code text, merchant_name text
)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  UPDATE credentials SET used_at = now()
  WHERE kind = 'api_token' AND lookup = p_lookup AND revoked_at IS NULL AND (used_at IS NULL OR used_at < now() - interval '1 minute');
  SELECT c.id, t.id, t.name, t.scopes, m.id, m.code, m.name
  FROM credentials c JOIN api_tokens t ON t.merchant_id = c.merchant_id AND t.id = c.subject_id JOIN merchants m ON m.id = c.merchant_id
  WHERE c.kind = 'api_token' AND c.lookup = p_lookup AND c.revoked_at IS NULL AND t.revoked_at IS NULL
    AND (c.expires_at IS NULL OR c.expires_at > now());
END;
