UPDATE request_key SET
    request_log_id = %(log_id)b, session_id = %(session_id)b, bucket = %(bucket)b, content_hash = %(content_hash)b,
    entry_id = %(entry_id)b, entry_index = %(entry_index)b
WHERE id = %(id)b
