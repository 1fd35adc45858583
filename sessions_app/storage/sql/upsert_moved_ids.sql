INSERT INTO moved_id (id, key_id)
SELECT * FROM unnest(%(id)b::uuid[], %(key_id)b::uuid[])
ON CONFLICT (id) DO UPDATE SET key_id = excluded.key_id
