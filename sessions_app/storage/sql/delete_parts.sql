-- Deletes parts of one session and bucket that no request refers to.
WITH gone AS (
    DELETE FROM part AS p
    WHERE p.session_id = %(session_id)s AND p.bucket = %(bucket)s AND p.id = ANY(%(ids)s::uuid[])
    RETURNING pg_column_size(p.*) AS bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone
