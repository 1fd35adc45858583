-- The parts of a session in one bucket whose text can be searched.
SELECT p.id
FROM part AS p
WHERE p.session_id = %(session_id)s AND p.bucket = %(bucket)s AND p.id BETWEEN %(first)s AND %(last)s
    AND p.kind IN (1, 2, 6)
