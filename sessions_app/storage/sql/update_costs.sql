-- Costs of stored requests, computed anew.
UPDATE request_log AS r SET cost = c.cost, cost_source = c.cost_source, price = c.price
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(cost)b::numeric[], %(cost_source)b::text[],
    %(price)b::text[]
) AS c (id, session_id, bucket, cost, cost_source, price)
WHERE r.id = c.id AND r.session_id = c.session_id AND r.bucket = c.bucket
