INSERT INTO link (token, role, started_at, key_id)
SELECT * FROM unnest(%(link_key)b::uuid[], %(role)b::smallint[], %(started_at)b::timestamptz[], %(key_id)b::uuid[])
ON CONFLICT DO NOTHING
