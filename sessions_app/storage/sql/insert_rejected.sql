INSERT INTO rejected_log
    (project_id, source, received_at, rejected_at, reason_type, reason, field, raw_bytes, content_type, body)
SELECT project_id, source, received_at, now(), reason_type, reason, field, raw_bytes, content_type, body
FROM unnest(
    %(project_id)b::bigint[], %(source)b::text[], %(received_at)b::timestamptz[], %(reason_type)b::text[],
    %(reason)b::text[], %(field)b::text[], %(raw_bytes)b::bigint[], %(content_type)b::text[], %(body)b::bytea[]
) AS t (project_id, source, received_at, reason_type, reason, field, raw_bytes, content_type, body)
