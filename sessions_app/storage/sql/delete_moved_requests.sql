DELETE FROM request_log AS r
USING unnest(%(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[]) AS m (id, session_id, bucket)
WHERE r.id = m.id AND r.session_id = m.session_id AND r.bucket = m.bucket
