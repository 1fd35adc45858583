INSERT INTO session_name (project_id, session_id, name, given_by, given_at)
VALUES (%(project_id)b::bigint, %(session_id)b::uuid, %(name)b::text, %(given_by)b::text, now())
ON CONFLICT (session_id) DO UPDATE SET name = excluded.name, given_by = excluded.given_by, given_at = excluded.given_at
