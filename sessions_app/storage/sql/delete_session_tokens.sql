WITH gone AS (
    DELETE FROM link_token AS t WHERE t.session_id = %(session_id)s RETURNING pg_column_size(t.*) AS bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone
