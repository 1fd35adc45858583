WITH gone AS (
    DELETE FROM session_tag AS t WHERE t.session_id = %(session_id)s
    RETURNING pg_column_size(t.*) AS bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone
