-- Lets rows cover more parts.
UPDATE request_search AS s
SET words = ARRAY(SELECT DISTINCT unnest(s.words || (%(words)b::int[])[m.words_from:m.words_to]) ORDER BY 1),
    parts = s.parts || m.parts
FROM unnest(
    %(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[], %(words_from)b::int[], %(words_to)b::int[],
    %(parts)b::bytea[]
) AS m (id, session_id, bucket, words_from, words_to, parts)
WHERE s.id = m.id AND s.session_id = m.session_id AND s.bucket = m.bucket
