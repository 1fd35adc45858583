-- Adds a tag that a person gave to the roll-up. It has its place among the 50, however many the logs have.
UPDATE session SET revision = revision + 1, tags = CASE
    WHEN %(tag)b::text = ANY(tags) THEN tags
    ELSE text_union(tags[:%(most)b::integer - 1], ARRAY[%(tag)b::text], %(most)b::integer)
END
WHERE id = %(session_id)b::uuid
