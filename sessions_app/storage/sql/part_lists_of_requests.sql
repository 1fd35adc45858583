SELECT r.id, r.input_parts, r.output_parts, r.context_parts
FROM unnest(%(ids)b::uuid[], %(session_ids)b::uuid[], %(buckets)b::date[]) AS m (id, session_id, bucket)
JOIN request_log AS r ON r.id = m.id AND r.session_id = m.session_id AND r.bucket = m.bucket
