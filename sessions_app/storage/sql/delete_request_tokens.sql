WITH gone AS (
    DELETE FROM link_token AS t WHERE t.session_id = %(session_id)s AND t.request_log_id = ANY(%(ids)s::uuid[])
    RETURNING pg_column_size(t.*) AS bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone
