-- Tags that people gave to sessions without requests go to the session that one of those requests is in now. The rows
-- are few and no part of a shard.
WITH gone AS (
    DELETE FROM session_tag WHERE session_id = ANY(%(id)b::uuid[]) RETURNING *
)
INSERT INTO session_tag (project_id, session_id, tag, given_by, given_at)
SELECT DISTINCT ON (k.session_id, g.tag) g.project_id, k.session_id, g.tag, g.given_by, g.given_at
FROM gone AS g
JOIN unnest(%(id)b::uuid[], %(key_id)b::uuid[]) AS m (id, key_id) ON m.id = g.session_id
JOIN request_key AS k ON k.id = m.key_id
ORDER BY k.session_id, g.tag, g.given_at
ON CONFLICT (session_id, tag) DO NOTHING
RETURNING session_id
