DELETE FROM link_token WHERE request_log_id = %(log_id)b AND session_id = %(session_id)b
