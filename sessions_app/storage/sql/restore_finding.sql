DELETE FROM dismissed_finding
WHERE session_id = %(session_id)b::uuid AND project_id = %(project_id)b::bigint
    AND rule = %(rule)b::text AND key = %(key)b::text
