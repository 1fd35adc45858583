-- Deletes sessions whose last request moved to another session.
DELETE FROM session AS s
WHERE s.id = ANY(%(ids)b::uuid[]) AND NOT EXISTS (SELECT 1 FROM request_log AS r WHERE r.session_id = s.id)
RETURNING s.id, s.buckets
