-- Claims each log's idempotency key, or finds where the request is that has it already. The row lock orders two
-- writers that bring the same log; xmax is 0 for a row that this statement inserted.
INSERT INTO request_key AS k (id, request_log_id, session_id, bucket, content_hash, deliveries)
SELECT * FROM unnest(
    %(id)b::uuid[], %(request_log_id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[],
    %(content_hash)b::bytea[], %(deliveries)b::int[]
)
ON CONFLICT (id) DO UPDATE SET deliveries = k.deliveries + excluded.deliveries
RETURNING id, xmax = 0, request_log_id, session_id, bucket, content_hash
