-- Names that people gave to sessions without requests go to the session that one of those requests is in now, if it has
-- none of its own. The rows are few and no part of a shard.
WITH gone AS (
    DELETE FROM session_name WHERE session_id = ANY(%(id)b::uuid[]) RETURNING *
)
INSERT INTO session_name (project_id, session_id, name, given_by, given_at)
SELECT DISTINCT ON (k.session_id) g.project_id, k.session_id, g.name, g.given_by, g.given_at
FROM gone AS g
JOIN unnest(%(id)b::uuid[], %(key_id)b::uuid[]) AS m (id, key_id) ON m.id = g.session_id
JOIN request_key AS k ON k.id = m.key_id
ORDER BY k.session_id, g.given_at DESC
ON CONFLICT (session_id) DO NOTHING
RETURNING session_id, name
