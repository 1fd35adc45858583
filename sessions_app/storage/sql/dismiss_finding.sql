-- Nothing happens where there is no such session, or where people have dismissed very many findings.
INSERT INTO dismissed_finding (project_id, session_id, rule, key, dismissed_by, dismissed_at)
SELECT s.project_id, s.id, %(rule)b::text, %(key)b::text, %(dismissed_by)b::text, now()
FROM session AS s
WHERE s.id = %(session_id)b::uuid AND s.project_id = %(project_id)b::bigint
    AND (SELECT count(*) FROM dismissed_finding WHERE session_id = %(session_id)b::uuid) < %(most)b::integer
ON CONFLICT (session_id, rule, key) DO NOTHING
