-- Which of these sessions have a request that its caller put there.
SELECT id FROM session WHERE id = ANY(%(ids)b::uuid[]) AND name_rank = %(rank)b::smallint
