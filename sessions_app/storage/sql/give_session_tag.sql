INSERT INTO session_tag (project_id, session_id, tag, given_by, given_at)
SELECT %(project_id)b::bigint, %(session_id)b::uuid, %(tag)b::text, %(given_by)b::text, now()
WHERE (SELECT count(*) FROM session_tag WHERE session_id = %(session_id)b::uuid) < %(most)b::integer
ON CONFLICT (session_id, tag) DO NOTHING
