-- A session whose last request moved elsewhere; the roll-up still counts it, so the requests themselves are asked.
DELETE FROM session
WHERE id = %(session_id)b AND NOT EXISTS (SELECT 1 FROM request_log WHERE session_id = %(session_id)b)
RETURNING session_key IS NULL, buckets
