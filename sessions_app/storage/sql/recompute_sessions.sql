-- The exact roll-up of these sessions from their requests: after a completion, a deletion or a repair. Sessions
-- without requests are left alone, and so are those that are right: the ids that come back are of those that were not.
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
        -- Steps, and further reports of a call that was counted, are left out of the sums.
        SELECT *, NOT step AND duplicate_of IS NULL AS counted FROM request_log WHERE session_id = ANY(%(ids)b::uuid[])
    ) AS r
    GROUP BY r.session_id
), tagged AS (
    SELECT session_id, (array_agg(DISTINCT tag ORDER BY tag))[:50] AS tags
    FROM request_log, unnest(tags) AS tag
    WHERE session_id = ANY(%(ids)b::uuid[])
    GROUP BY session_id
), retried AS (
    SELECT session_id, count(*) AS retry_count
    FROM (
        SELECT
            session_id,
            lag(status) OVER same_input = 'error' AND started_at - lag(started_at) OVER same_input <= interval '15 minutes'
                AND attempt IS NOT NULL AS repeats_input,
            lag(status) OVER same_call = 'error' AND call IS NOT NULL AS repeats_call
        FROM request_log
        WHERE session_id = ANY(%(ids)b::uuid[]) AND duplicate_of IS NULL AND NOT step
        WINDOW same_input AS (PARTITION BY session_id, attempt, kind ORDER BY started_at, id),
            same_call AS (PARTITION BY session_id, call, kind ORDER BY started_at, id)
    ) AS r
    WHERE repeats_input OR repeats_call
    GROUP BY session_id
)
UPDATE session AS s SET
    title = coalesce(f.title, ''), title_at = f.title_at, preview = coalesce(f.preview, ''), preview_at = f.preview_at,
    first_at = f.first_at, last_at = f.last_at, request_count = f.request_count, error_count = f.error_count,
    step_count = f.step_count, retry_count = coalesce(a.retry_count, 0),
    input_tokens = f.input_tokens, output_tokens = f.output_tokens, cached_tokens = f.cached_tokens, cost = f.cost,
    models = coalesce(f.models, '{}'), users = coalesce(f.users, '{}'), tags = coalesce(t.tags, '{}'),
    sources = f.sources, rules = rules_of(f.rule_counts), rule_counts = f.rule_counts, name_rank = f.name_rank,
    buckets = f.buckets
FROM fresh AS f
LEFT JOIN tagged AS t ON t.session_id = f.session_id
LEFT JOIN retried AS a ON a.session_id = f.session_id
WHERE s.id = f.session_id
    AND (s.title, s.title_at, s.preview, s.preview_at, s.first_at, s.last_at, s.request_count, s.error_count,
         s.step_count, s.retry_count, s.input_tokens, s.output_tokens, s.cached_tokens, s.cost, s.models, s.users, s.tags, s.sources, s.rules,
         s.rule_counts, s.name_rank, s.buckets)
    IS DISTINCT FROM
        (coalesce(f.title, ''), f.title_at, coalesce(f.preview, ''), f.preview_at, f.first_at, f.last_at,
         f.request_count, f.error_count, f.step_count, coalesce(a.retry_count, 0), f.input_tokens, f.output_tokens,
         f.cached_tokens, f.cost,
         coalesce(f.models, '{}'), coalesce(f.users, '{}'), coalesce(t.tags, '{}'), f.sources, rules_of(f.rule_counts),
         f.rule_counts, f.name_rank, f.buckets)
RETURNING s.id
