-- How many requests of each session repeat one that failed shortly before: `linking.ATTEMPT_WINDOW`.
UPDATE session AS s SET retry_count = coalesce(f.retries, 0)
FROM session AS t
LEFT JOIN (
    SELECT r.session_id, count(DISTINCT r.id) AS retries
    FROM request_log AS e
    JOIN request_log AS r ON r.session_id = e.session_id AND r.attempt = e.attempt
        AND (r.started_at, r.id) > (e.started_at, e.id) AND r.started_at <= e.started_at + interval '15 minutes'
    WHERE e.session_id = ANY(%(ids)b::uuid[]) AND e.status = 'error'
    GROUP BY r.session_id
) AS f ON f.session_id = t.id
WHERE t.id = s.id AND s.id = ANY(%(ids)b::uuid[]) AND s.error_count > 0 AND s.retry_count <> coalesce(f.retries, 0)
