WITH gone AS (
    DELETE FROM dismissed_finding AS d WHERE d.session_id = %(session_id)s
    RETURNING pg_column_size(d.*) AS bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone
