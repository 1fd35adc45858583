-- Which of these requests are stored already.
SELECT id FROM request_key WHERE id = ANY(%(ids)b::uuid[])
