-- The caller has merged what is stored with what came. Only a span whose content the project does not keep cannot be
-- compared, so once it has ended its place stays as it is.
INSERT INTO trace_span AS t (
    trace, span_id, project_id, key_id, parent_id, kind, name, started_at, ended_at, status, claim_key, claim_detail,
    claim_rank, facts, content
)
SELECT
    trace, span_id, project_id, key_id, parent_id, kind, name, started_at, ended_at, status, claim_key, claim_detail,
    claim_rank, facts::jsonb, content
FROM unnest(
    %(trace)b::uuid[], %(span_id)b::text[], %(project_id)b::bigint[], %(key_id)b::uuid[], %(parent_id)b::text[],
    %(kind)b::text[], %(name)b::text[], %(started_at)b::timestamptz[], %(ended_at)b::timestamptz[], %(status)b::text[],
    %(claim_key)b::text[], %(claim_detail)b::text[], %(claim_rank)b::smallint[], %(facts)b::text[], %(content)b::bytea[]
) AS n (
    trace, span_id, project_id, key_id, parent_id, kind, name, started_at, ended_at, status, claim_key, claim_detail,
    claim_rank, facts, content
)
ON CONFLICT (trace, span_id) DO UPDATE SET
    parent_id = excluded.parent_id, kind = excluded.kind, name = excluded.name, started_at = excluded.started_at,
    ended_at = excluded.ended_at, status = excluded.status, claim_key = excluded.claim_key,
    claim_detail = excluded.claim_detail, claim_rank = excluded.claim_rank, facts = excluded.facts,
    content = CASE WHEN excluded.kind = 'other' THEN coalesce(excluded.content, t.content) END
WHERE t.kind <> 'other' OR excluded.kind <> 'other' OR t.content IS NOT NULL OR t.ended_at IS NULL
