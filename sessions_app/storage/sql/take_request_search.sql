-- Deletes what finds these requests. Returns the parts that it covered.
DELETE FROM request_search AS s
USING unnest(%(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[]) AS m (id, session_id, bucket)
WHERE s.id = m.id AND s.session_id = m.session_id AND s.bucket = m.bucket
RETURNING s.id, s.session_id, s.bucket, s.parts, pg_column_size(s.*)
