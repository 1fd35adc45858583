    -- How many of the requests `chosen` follow one with the same input that failed shortly before, or a failed one of
    -- the same call. The page tells the same of each request (`structure/parents.py`), and has the same order: no
    -- attempt stands before one of the same call that ended earlier (`structure/order.py`).
    SELECT session_id AS id, count(*) AS retry_count
    FROM (
        SELECT
            session_id,
            lag(status) OVER same_input = 'error' AND attempt IS NOT NULL
                AND started_at - lag(started_at) OVER same_input <= %(attempt_window)b::interval AS repeats_input,
            lag(status) OVER same_call = 'error' AND call IS NOT NULL AS repeats_call
        FROM (
            SELECT session_id, id, attempt, call, kind, status, started_at, ended_at, greatest(started_at, CASE
                WHEN call IS NOT NULL THEN max(started_at) OVER (
                    PARTITION BY session_id, call, kind
                    ORDER BY coalesce(ended_at, started_at), status <> 'error', started_at, ended_at, id
                    ROWS UNBOUNDED PRECEDING
                )
            END) AS place
            FROM chosen
            WHERE counted
        ) AS placed
        WINDOW same_input AS (
                PARTITION BY session_id, attempt, kind ORDER BY place, place > started_at, ended_at, status <> 'error', id
            ),
            same_call AS (
                PARTITION BY session_id, call, kind ORDER BY place, place > started_at, ended_at, status <> 'error', id
            )
    ) AS r
    WHERE repeats_input OR repeats_call
    GROUP BY session_id
