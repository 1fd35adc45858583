-- What people dismissed in sessions without requests goes to the session that one of those requests is in now. The rows
-- are few and no part of a shard.
WITH gone AS (
    DELETE FROM dismissed_finding WHERE session_id = ANY(%(id)b::uuid[]) RETURNING *
)
INSERT INTO dismissed_finding (project_id, session_id, rule, key, dismissed_by, dismissed_at)
SELECT DISTINCT ON (k.session_id, g.rule, g.key)
    g.project_id, k.session_id, g.rule, g.key, g.dismissed_by, g.dismissed_at
FROM gone AS g
JOIN unnest(%(id)b::uuid[], %(key_id)b::uuid[]) AS m (id, key_id) ON m.id = g.session_id
JOIN request_key AS k ON k.id = m.key_id
ORDER BY k.session_id, g.rule, g.key, g.dismissed_at
ON CONFLICT (session_id, rule, key) DO NOTHING
