-- Adds stored requests that came from other sessions to the roll-ups of those they are in now, as upsert_sessions adds
-- new ones. What they repeat is counted afterwards.
WITH fresh AS (
    SELECT
        r.session_id,
        min(sane_time(r.started_at, r.received_at)) AS first_at,
        max(sane_time(greatest(r.started_at, r.ended_at), r.received_at))
            AS last_at,
        (array_agg(r.input_preview ORDER BY sane_time(r.started_at, r.received_at), r.input_preview)
            FILTER (WHERE r.input_preview <> '' AND r.counted))[1] AS title,
        min(sane_time(r.started_at, r.received_at))
            FILTER (WHERE r.input_preview <> '' AND r.counted) AS title_at,
        (array_agg(r.output_preview ORDER BY sane_time(r.started_at, r.received_at) DESC, r.output_preview DESC)
            FILTER (WHERE r.output_preview <> '' AND r.counted))[1] AS preview,
        max(sane_time(r.started_at, r.received_at))
            FILTER (WHERE r.output_preview <> '' AND r.counted) AS preview_at,
        count(*) FILTER (WHERE r.counted) AS request_count,
        count(*) FILTER (WHERE r.step) AS step_count,
        count(*) FILTER (WHERE r.status = 'error' AND r.counted) AS error_count,
        (sum(r.input_tokens) FILTER (WHERE r.counted))::bigint AS input_tokens,
        (sum(r.output_tokens) FILTER (WHERE r.counted))::bigint AS output_tokens,
        (sum(r.cached_tokens) FILTER (WHERE r.counted))::bigint AS cached_tokens,
        sum(r.cost) FILTER (WHERE r.counted) AS cost,
        (array_agg(DISTINCT left(r.model, 200) ORDER BY left(r.model, 200))
            FILTER (WHERE r.model <> '' AND r.counted))[:50] AS models,
        (array_agg(DISTINCT r.end_user ORDER BY r.end_user) FILTER (WHERE r.end_user <> ''))[:50] AS users,
        (array_agg(DISTINCT r.source ORDER BY r.source))[:50] AS sources,
        ARRAY[
            count(*) FILTER (WHERE r.rule = 'attempt'), count(*) FILTER (WHERE r.rule = 'conversation'),
            count(*) FILTER (WHERE r.rule = 'manual'), count(*) FILTER (WHERE r.rule = 'own'),
            count(*) FILTER (WHERE r.rule = 'previous_response_id'), count(*) FILTER (WHERE r.rule = 'session_id'),
            count(*) FILTER (WHERE r.rule = 'trace_id')
        ] AS rule_counts,
        min(name_rank(r.rule, r.weak, r.needs, r.resent_count)) AS name_rank,
        array_agg(DISTINCT r.bucket ORDER BY r.bucket) AS buckets
    FROM (
        SELECT l.*, NOT l.step AND l.duplicate_of IS NULL AS counted
        FROM unnest(%(ids)b::uuid[], %(session_ids)b::uuid[], %(buckets)b::date[]) AS m (id, session_id, bucket)
        JOIN request_log AS l ON l.id = m.id AND l.session_id = m.session_id AND l.bucket = m.bucket
    ) AS r
    GROUP BY r.session_id
), tagged AS (
    SELECT l.session_id, (array_agg(DISTINCT tag ORDER BY tag))[:50] AS tags
    FROM unnest(%(ids)b::uuid[], %(session_ids)b::uuid[], %(buckets)b::date[]) AS m (id, session_id, bucket)
    JOIN request_log AS l ON l.id = m.id AND l.session_id = m.session_id AND l.bucket = m.bucket
    CROSS JOIN unnest(l.tags) AS tag
    GROUP BY l.session_id
)
UPDATE session AS s SET
    title = CASE WHEN s.title_at IS NULL OR (f.title_at, f.title) < (s.title_at, s.title) THEN coalesce(f.title, '')
                 ELSE s.title END,
    title_at = least(s.title_at, f.title_at),
    preview = CASE WHEN s.preview_at IS NULL OR (f.preview_at, f.preview) > (s.preview_at, s.preview)
                   THEN coalesce(f.preview, '') ELSE s.preview END,
    preview_at = greatest(s.preview_at, f.preview_at),
    first_at = least(s.first_at, f.first_at), last_at = greatest(s.last_at, f.last_at),
    request_count = s.request_count + f.request_count, error_count = s.error_count + f.error_count,
    step_count = s.step_count + f.step_count,
    input_tokens = known_sum(s.input_tokens, f.input_tokens)::bigint,
    output_tokens = known_sum(s.output_tokens, f.output_tokens)::bigint,
    cached_tokens = known_sum(s.cached_tokens, f.cached_tokens)::bigint,
    cost = known_sum(s.cost, f.cost),
    models = text_union(s.models, coalesce(f.models, '{}'), 50), users = text_union(s.users, coalesce(f.users, '{}'), 50),
    tags = text_union(s.tags, coalesce(t.tags, '{}'), 50), sources = text_union(s.sources, f.sources, 50),
    rules = rules_of(add_counts(s.rule_counts, f.rule_counts)), rule_counts = add_counts(s.rule_counts, f.rule_counts),
    name_rank = least(s.name_rank, f.name_rank), buckets = date_union(s.buckets, f.buckets)
FROM fresh AS f LEFT JOIN tagged AS t ON t.session_id = f.session_id
WHERE s.id = f.session_id
