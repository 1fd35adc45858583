DELETE FROM session_tag WHERE session_id = %(session_id)b::uuid AND tag = %(tag)b::text
