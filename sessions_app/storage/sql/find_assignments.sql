SELECT a.id, a.session_id, a.session_key, c.made_by, c.made_at
FROM assignment AS a JOIN correction AS c ON c.id = a.correction_id
WHERE a.id = ANY(%(ids)b::uuid[])
