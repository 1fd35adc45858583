-- Deletes some requests of one session. Their part lists tell which parts may be unused now.
DELETE FROM request_log AS r
WHERE r.session_id = %(session_id)s AND r.bucket = ANY(%(buckets)s::date[]) AND r.id = ANY(%(ids)s::uuid[])
RETURNING r.bucket, r.input_parts, r.output_parts, r.context_parts, pg_column_size(r.*), r.id
