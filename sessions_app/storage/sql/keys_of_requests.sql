SELECT k.id
FROM request_log AS r
JOIN request_key AS k ON k.session_id = r.session_id AND k.request_log_id = r.id
WHERE r.id = ANY(%(ids)b::uuid[])
