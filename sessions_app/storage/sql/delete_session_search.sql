WITH gone AS (
    DELETE FROM request_search AS s
    WHERE s.session_id = %(session_id)s AND s.bucket = ANY(%(buckets)s::date[])
        AND s.id BETWEEN %(first)s AND %(last)s
    RETURNING pg_column_size(s.*) AS bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone
