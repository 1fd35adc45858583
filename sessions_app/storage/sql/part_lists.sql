-- The part lists of the requests that a session still has in one bucket, the first one first.
SELECT r.id, r.input_parts, r.output_parts, r.context_parts
FROM request_log AS r
WHERE r.session_id = %(session_id)s AND r.bucket = %(bucket)s AND r.id BETWEEN %(first)s AND %(last)s
ORDER BY r.started_at, r.id
