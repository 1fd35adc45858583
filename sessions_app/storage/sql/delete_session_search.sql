WITH gone AS (
    DELETE FROM part_search AS p
    WHERE p.session_id = %(session_id)s AND p.bucket = ANY(%(buckets)s::date[])
        AND p.part_id BETWEEN %(first)s AND %(last)s
    RETURNING pg_column_size(p.*) AS bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone
