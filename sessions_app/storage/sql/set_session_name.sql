UPDATE session SET given_name = %(name)b::text, revision = revision + 1
WHERE id = %(session_id)b::uuid AND given_name <> %(name)b::text
