SELECT trace, span_id, project_id, parent_id, key_id, kind, claim_key, claim_detail, claim_rank, started_at, facts
FROM trace_span
WHERE trace = ANY(%(traces)b::uuid[])
    OR trace IN (SELECT trace FROM trace_span WHERE key_id = ANY(%(key_ids)b::uuid[]))
