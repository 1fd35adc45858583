-- Ids begin with their session's first 8 bytes, so a range of the primary key holds a session's rows.
WITH gone AS (
    DELETE FROM request_log AS r
    WHERE r.session_id = %(session_id)s AND r.bucket = ANY(%(buckets)s::date[]) AND r.id BETWEEN %(first)s AND %(last)s
    RETURNING pg_column_size(r.*) AS bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone
