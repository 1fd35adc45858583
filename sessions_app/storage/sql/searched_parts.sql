-- The parts of a session in one bucket whose text can be searched: messages, system prompts, what is not read.
SELECT p.id, p.kind, p.role, p.content
FROM part AS p
WHERE p.session_id = %(session_id)s AND p.bucket = %(bucket)s AND p.id = ANY(%(ids)s::uuid[])
    AND p.kind IN (1, 2, 6)
