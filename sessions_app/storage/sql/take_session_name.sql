DELETE FROM session_name WHERE session_id = %(session_id)b::uuid
