UPDATE request_key
SET request_log_id = %(log_id)b, session_id = %(session_id)b, bucket = %(bucket)b, content_hash = %(content_hash)b
WHERE id = %(id)b
