    -- How many of the requests `chosen` follow one with the same input that failed shortly before, or a failed one of
    -- the same call. The page tells the same of each request (`structure/parents.py`).
    SELECT session_id AS id, count(*) AS retry_count
    FROM (
        SELECT
            session_id,
            lag(status) OVER same_input = 'error' AND attempt IS NOT NULL
                AND started_at - lag(started_at) OVER same_input <= %(attempt_window)b::interval AS repeats_input,
            lag(status) OVER same_call = 'error' AND call IS NOT NULL AS repeats_call
        FROM chosen
        WHERE counted
        WINDOW same_input AS (PARTITION BY session_id, attempt, kind ORDER BY started_at, id),
            same_call AS (PARTITION BY session_id, call, kind ORDER BY started_at, id)
    ) AS r
    WHERE repeats_input OR repeats_call
    GROUP BY session_id
