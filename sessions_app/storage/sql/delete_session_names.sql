WITH gone AS (
    DELETE FROM session_name AS n WHERE n.session_id = %(session_id)s
    RETURNING pg_column_size(n.*) AS bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone
