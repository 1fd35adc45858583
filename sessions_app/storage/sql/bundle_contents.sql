-- Blocks of digests, which are not compressed.
SELECT p.id, p.content
FROM part AS p
WHERE p.session_id = %(session_id)s AND p.bucket = %(bucket)s AND p.id = ANY(%(ids)s::uuid[])
