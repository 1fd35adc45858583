SELECT t.key_id, t.content
FROM unnest(%(trace)b::uuid[], %(span_id)b::text[]) AS s (trace, span_id)
JOIN trace_span AS t ON t.trace = s.trace AND t.span_id = s.span_id
WHERE t.kind = 'other' AND t.content IS NOT NULL
