-- The row itself is deleted first: a writer that brings more for this session waits, and then inserts a new row.
DELETE FROM session AS s WHERE s.id = %(session_id)s AND s.project_id = %(project_id)s
RETURNING s.buckets, pg_column_size(s.*)
