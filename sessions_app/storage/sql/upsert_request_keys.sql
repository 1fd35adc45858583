-- Claims each log's idempotency key, or finds the request that has it already. The row lock orders two writers that
-- bring the same log; xmax is 0 for a row that this statement inserted. The position of a log is that of the copy that
-- was received first, whichever copy was digested first.
INSERT INTO request_key AS k (
    id, request_log_id, session_id, bucket, content_hash, deliveries, entry_id, entry_index
)
SELECT * FROM unnest(
    %(id)b::uuid[], %(request_log_id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[],
    %(content_hash)b::bytea[], %(deliveries)b::int[], %(entry_id)b::bigint[], %(entry_index)b::int[]
)
ON CONFLICT (id) DO UPDATE SET
    deliveries = k.deliveries + excluded.deliveries,
    entry_id = CASE WHEN k.content_hash = excluded.content_hash THEN least(k.entry_id, excluded.entry_id)
                    ELSE k.entry_id END,
    entry_index = CASE WHEN k.content_hash = excluded.content_hash
                       AND (excluded.entry_id, excluded.entry_index) < (k.entry_id, k.entry_index)
                       THEN excluded.entry_index ELSE k.entry_index END
RETURNING id, xmax = 0, request_log_id, session_id, bucket, content_hash
