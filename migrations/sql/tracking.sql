-- The public page of an order, by the hash of its link. The caller may run these functions and touch no table, takes no
-- filters, and gets nothing of the recipient but a first initial and the town.
CREATE FUNCTION tracking_page(p_lookup text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object(
    'merchant', jsonb_build_object('name', m.name, 'brand_colour', m.brand_colour, 'support_email', m.support_email,
      'support_phone', m.support_phone, 'shop_url', m.shop_url, 'return_policy', m.return_policy, 'return_days', m.return_days),
    'site', jsonb_build_object('name', s.name, 'timezone', s.timezone),
    'number', o.number, 'state', o.state, 'progress', o.progress, 'service', o.service,
    'placed_at', o.placed_at, 'promised_on', o.promised_on, 'shipped_at', o.shipped_at,
    'recipient_initial', left(btrim(r.name), 1), 'town', r.city, 'country', r.country,
    'lines', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', l.name, 'quantity', l.quantity - l.quantity_cancelled,
        'requires_shipping', l.requires_shipping) ORDER BY l.position), '[]')
      FROM order_lines l WHERE l.merchant_id = o.merchant_id AND l.order_id = o.id),
    'parcels', (SELECT coalesce(jsonb_agg(jsonb_build_object('number', p.number, 'piece', p.piece, 'state', p.state, 'carrier', p.carrier,
        'service', p.service, 'tracking_number', p.tracking_number, 'packed_at', p.packed_at, 'shipped_at', p.shipped_at,
        'expected_from', p.expected_from, 'expected_until', p.expected_until,
        'contents', (SELECT coalesce(jsonb_agg(jsonb_build_object('name', c.name, 'quantity', c.quantity) ORDER BY c.position), '[]')
          FROM (SELECT l.name, l.position, sum(v.quantity) AS quantity
                FROM movements v JOIN order_lines l ON l.merchant_id = v.merchant_id AND l.id = v.order_line_id
                WHERE v.site_id = p.site_id AND v.to_place_id = p.place_id AND v.because = 'pack'
                  AND NOT EXISTS (SELECT 1 FROM movements u WHERE u.merchant_id = v.merchant_id AND u.reverses_id = v.id)
                GROUP BY l.name, l.position) c)) ORDER BY p.piece), '[]')
      FROM parcels p WHERE p.merchant_id = o.merchant_id AND p.order_id = o.id AND p.state <> 'cancelled'))
  FROM credentials c
  JOIN orders o ON o.merchant_id = c.merchant_id AND o.id = c.subject_id
  JOIN merchants m ON m.id = o.merchant_id
  JOIN sites s ON s.id = o.site_id
  LEFT JOIN recipients r ON r.merchant_id = o.merchant_id AND r.order_id = o.id
  WHERE c.kind = 'tracking' AND c.lookup = p_lookup AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now());
END;

-- The page made for printing, by the second, revocable link: with address and prices.
CREATE FUNCTION order_details(p_lookup text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object(
    'merchant', jsonb_build_object('name', m.name, 'brand_colour', m.brand_colour, 'support_email', m.support_email,
      'support_phone', m.support_phone, 'shop_url', m.shop_url, 'return_policy', m.return_policy, 'return_days', m.return_days,
      'postal_identity', m.postal_identity),
    'site', jsonb_build_object('name', s.name, 'timezone', s.timezone),
    'number', o.number, 'state', o.state, 'progress', o.progress, 'service', o.service, 'placed_at', o.placed_at, 'promised_on', o.promised_on,
    'currency', o.currency, 'total_minor', o.total_minor,
    'address', jsonb_build_object('name', r.name, 'company', r.company, 'address1', r.address1, 'address2', r.address2, 'city', r.city,
      'region', r.region, 'postcode', r.postcode, 'country', r.country),
    'lines', (SELECT coalesce(jsonb_agg(jsonb_build_object('sku', l.sku_code, 'name', l.name, 'attributes', l.attributes,
        'quantity', l.quantity - l.quantity_cancelled, 'unit_price_minor', l.unit_price_minor) ORDER BY l.position), '[]')
      FROM order_lines l WHERE l.merchant_id = o.merchant_id AND l.order_id = o.id))
  FROM credentials c
  JOIN orders o ON o.merchant_id = c.merchant_id AND o.id = c.subject_id
  JOIN merchants m ON m.id = o.merchant_id
  JOIN sites s ON s.id = o.site_id
  LEFT JOIN recipients r ON r.merchant_id = o.merchant_id AND r.order_id = o.id
  WHERE c.kind = 'details' AND c.lookup = p_lookup AND c.revoked_at IS NULL AND (c.expires_at IS NULL OR c.expires_at > now());
END;
