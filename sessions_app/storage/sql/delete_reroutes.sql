-- Deletes what sends requests to a session that is deleted, with that session's key.
DELETE FROM reroute WHERE session_id = ANY(%(session_ids)s::uuid[])
