WITH gone AS (
    DELETE FROM request_key AS k WHERE k.session_id = %(session_id)s
    RETURNING k.id, pg_column_size(k.*) AS bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint, coalesce(array_agg(id), '{}') FROM gone
