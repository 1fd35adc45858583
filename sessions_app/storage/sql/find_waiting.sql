-- For link keys of responses that were never logged: the session of a request that is there because it continues one.
SELECT q.link_key, w.session_id
FROM unnest(%(link_keys)b::uuid[]) AS q (link_key)
CROSS JOIN LATERAL (
    SELECT r.session_id
    FROM link AS l
    JOIN request_key AS k ON k.id = l.key_id
    JOIN request_log AS r ON r.id = k.request_log_id AND r.session_id = k.session_id AND r.bucket = k.bucket
    WHERE l.token = q.link_key AND l.role = %(role)b::smallint AND r.rule = 'previous_response_id'
    LIMIT 1
) AS w
