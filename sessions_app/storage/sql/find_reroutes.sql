SELECT t.source_session_id, t.since, t.session_id, t.session_key, c.made_by, c.made_at
FROM reroute AS t JOIN correction AS c ON c.id = t.correction_id
WHERE t.source_session_id = ANY(%(session_ids)b::uuid[])
