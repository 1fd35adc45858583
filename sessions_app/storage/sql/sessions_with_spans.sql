-- Which of these sessions have spans.
SELECT id FROM session WHERE id = ANY(%(ids)b::uuid[]) AND 'otlp' = ANY(sources)
