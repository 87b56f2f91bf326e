-- Balances follow from movements, in the same statement, whoever writes them. The function belongs to portal_ledger,
-- the only role that may write balances. Keys are made at 0, locked in one order, then changed by net deltas:
-- an INSERT ... ON CONFLICT with a negative delta would fail the CHECK even when stock is there.
CREATE FUNCTION ledger_stage(kind text, condition text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN kind = 'recipient' AND condition = 'picked' THEN 'shipped'
  WHEN condition = 'allocated' THEN 'allocated'
  WHEN condition = 'picked' AND kind = 'parcel' THEN 'packed'
  WHEN condition = 'picked' THEN 'picked'
END;

CREATE FUNCTION ledger_apply() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  CREATE TEMP TABLE IF NOT EXISTS ledger_net (
    merchant_id uuid, site_id uuid, sku_id uuid, lot_id uuid, place_id uuid, kind text, physical boolean,
    condition text, order_line_id uuid, quantity bigint
  ) ON COMMIT DELETE ROWS;
  DELETE FROM ledger_net;
  INSERT INTO ledger_net
  SELECT leg.merchant_id, leg.site_id, leg.sku_id, leg.lot_id, leg.place_id, place.kind, place.physical,
         leg.condition, leg.order_line_id, sum(leg.quantity)
  FROM (
    SELECT merchant_id, site_id, sku_id, lot_id, to_place_id AS place_id, to_condition AS condition, order_line_id, quantity FROM added
    UNION ALL
    SELECT merchant_id, site_id, sku_id, lot_id, from_place_id, from_condition, order_line_id, -quantity FROM added
  ) leg
  JOIN places place ON place.site_id = leg.site_id AND place.id = leg.place_id
  GROUP BY leg.merchant_id, leg.site_id, leg.sku_id, leg.lot_id, leg.place_id, place.kind, place.physical, leg.condition, leg.order_line_id;

  INSERT INTO balances (merchant_id, site_id, sku_id, lot_id, place_id, condition, physical, quantity)
  SELECT DISTINCT merchant_id, site_id, sku_id, lot_id, place_id, condition, physical, 0 FROM ledger_net
  ORDER BY merchant_id, sku_id, lot_id, place_id, condition
  ON CONFLICT DO NOTHING;

  -- Available stock first, everywhere: allocation locks it before it decides, so the order is the same for all writers.
  PERFORM 1 FROM balances b
  JOIN (SELECT DISTINCT merchant_id, sku_id, lot_id, place_id, condition FROM ledger_net) n
    ON n.merchant_id = b.merchant_id AND n.sku_id = b.sku_id AND n.lot_id IS NOT DISTINCT FROM b.lot_id
   AND n.place_id = b.place_id AND n.condition = b.condition
  ORDER BY b.condition <> 'available', b.condition, b.merchant_id, b.sku_id, b.lot_id, b.place_id
  FOR UPDATE OF b;

  UPDATE balances b SET quantity = b.quantity + n.quantity
  FROM (SELECT merchant_id, sku_id, lot_id, place_id, condition, sum(quantity) AS quantity FROM ledger_net
        GROUP BY merchant_id, sku_id, lot_id, place_id, condition HAVING sum(quantity) <> 0) n
  WHERE n.merchant_id = b.merchant_id AND n.sku_id = b.sku_id AND n.lot_id IS NOT DISTINCT FROM b.lot_id
    AND n.place_id = b.place_id AND n.condition = b.condition;

  INSERT INTO line_balances (merchant_id, site_id, order_line_id, sku_id, lot_id, place_id, condition, stage, quantity)
  SELECT merchant_id, site_id, order_line_id, sku_id, lot_id, place_id, condition, ledger_stage(kind, condition), 0 FROM ledger_net
  WHERE order_line_id IS NOT NULL AND ledger_stage(kind, condition) IS NOT NULL
  ORDER BY merchant_id, order_line_id, lot_id, place_id, condition
  ON CONFLICT DO NOTHING;

  PERFORM 1 FROM line_balances b
  JOIN ledger_net n ON n.merchant_id = b.merchant_id AND n.order_line_id = b.order_line_id AND n.lot_id IS NOT DISTINCT FROM b.lot_id
   AND n.place_id = b.place_id AND n.condition = b.condition
  ORDER BY b.merchant_id, b.order_line_id, b.lot_id, b.place_id, b.condition
  FOR UPDATE OF b;

  UPDATE line_balances b SET quantity = b.quantity + n.quantity
  FROM ledger_net n
  WHERE n.merchant_id = b.merchant_id AND n.order_line_id = b.order_line_id AND n.lot_id IS NOT DISTINCT FROM b.lot_id
    AND n.place_id = b.place_id AND n.condition = b.condition AND n.quantity <> 0;
  DELETE FROM ledger_net;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_apply AFTER INSERT ON movements
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply();

-- Locks the sellable stock of some SKUs, in the ledger's order, so that an allocation decides on figures that hold.
CREATE FUNCTION ledger_lock(p_merchant uuid, p_skus uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF current_setting('role') IN ('portal_merchant', 'portal_system')
     AND p_merchant IS DISTINCT FROM NULLIF(current_setting('portal.merchant_id', true), '')::uuid THEN
    RAISE insufficient_privilege USING MESSAGE = 'stock of another merchant';
  END IF;
  PERFORM 1 FROM balances
  WHERE merchant_id = p_merchant AND sku_id = ANY (p_skus) AND condition = 'available' AND physical
  ORDER BY merchant_id, sku_id, lot_id, place_id
  FOR UPDATE;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: correct it by adding a row', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
