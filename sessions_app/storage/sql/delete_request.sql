DELETE FROM request_log WHERE id = %(log_id)b AND session_id = %(session_id)b AND bucket = %(bucket)b
