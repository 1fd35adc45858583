-- A session whose last request went elsewhere.
DELETE FROM session
WHERE id = %(session_id)b AND NOT EXISTS (SELECT 1 FROM request_log WHERE session_id = %(session_id)b)
RETURNING buckets
