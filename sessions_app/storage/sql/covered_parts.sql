-- What the rows of a session in one bucket cover.
SELECT s.id, s.parts
FROM request_search AS s
WHERE s.session_id = %(session_id)s AND s.bucket = %(bucket)s AND s.id BETWEEN %(first)s AND %(last)s
