-- Which of these parts are stored already. Most of a batch is history that an earlier request brought.
SELECT p.id, p.bucket
FROM unnest(%(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[]) AS k (id, session_id, bucket)
JOIN part AS p ON p.id = k.id AND p.session_id = k.session_id AND p.bucket = k.bucket
