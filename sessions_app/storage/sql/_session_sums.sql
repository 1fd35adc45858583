    -- What the requests `chosen` say of their sessions. Steps, and further reports of a call that is counted already,
    -- are left out of the sums. An agent's event may tell what the user said, where its calls do not.
    SELECT
        r.session_id AS id,
        min(sane_time(r.started_at, r.received_at)) AS first_at,
        max(sane_time(greatest(r.started_at, r.ended_at), r.received_at)) AS last_at,
        coalesce((array_agg(r.input_preview ORDER BY is_summary(r.input_preview), r.told_at, r.input_preview)
            FILTER (WHERE r.input_preview <> '' AND (r.counted OR r.step AND r.call_type LIKE '%%.user_prompt')))[1], '')
            AS title,
        (array_agg(r.told_at ORDER BY is_summary(r.input_preview), r.told_at, r.input_preview)
            FILTER (WHERE r.input_preview <> '' AND (r.counted OR r.step AND r.call_type LIKE '%%.user_prompt')))[1]
            AS title_at,
        coalesce((array_agg(r.source_name ORDER BY r.told_at DESC, r.source_name DESC)
            FILTER (WHERE r.source_name <> ''))[1], '') AS source_name,
        max(r.told_at) FILTER (WHERE r.source_name <> '') AS source_name_at,
        coalesce((array_agg(r.output_preview ORDER BY r.told_at DESC, r.output_preview DESC)
            FILTER (WHERE r.output_preview <> '' AND r.counted))[1], '') AS preview,
        max(r.told_at) FILTER (WHERE r.output_preview <> '' AND r.counted) AS preview_at,
        count(*) FILTER (WHERE r.counted) AS request_count,
        count(*) FILTER (WHERE r.step) AS step_count,
        count(*) FILTER (WHERE r.status = 'error' AND r.counted) AS error_count,
        (sum(r.input_tokens) FILTER (WHERE r.counted))::bigint AS input_tokens,
        (sum(r.output_tokens) FILTER (WHERE r.counted))::bigint AS output_tokens,
        (sum(r.cached_tokens) FILTER (WHERE r.counted))::bigint AS cached_tokens,
        sum(r.cost) FILTER (WHERE r.counted) AS cost,
        coalesce((array_agg(DISTINCT left(r.model, 200) ORDER BY left(r.model, 200))
            FILTER (WHERE r.model <> '' AND r.counted))[:50], '{}') AS models,
        coalesce((array_agg(DISTINCT r.end_user ORDER BY r.end_user)
            FILTER (WHERE r.end_user <> ''))[:50], '{}') AS users,
        (array_agg(DISTINCT r.source ORDER BY r.source))[:50] AS sources,
        -- In the order of `rollups.RULES`.
        ARRAY[
            count(*) FILTER (WHERE r.rule = 'attempt'), count(*) FILTER (WHERE r.rule = 'conversation'),
            count(*) FILTER (WHERE r.rule = 'manual'), count(*) FILTER (WHERE r.rule = 'own'),
            count(*) FILTER (WHERE r.rule = 'previous_response_id'), count(*) FILTER (WHERE r.rule = 'session_id'),
            count(*) FILTER (WHERE r.rule = 'trace_id'), count(*) FILTER (WHERE r.rule = 'sub_agent'),
            count(*) FILTER (WHERE r.rule = 'tool_call')
        ] AS rule_counts,
        min(name_rank(r.rule, r.weak, r.needs, r.resent_count)) AS name_rank,
        array_agg(DISTINCT r.bucket ORDER BY r.bucket) AS buckets
    FROM (
        -- `told_at` is `rollups.told_at`.
        SELECT *, source_name(metadata) AS source_name, sane_time(started_at, received_at)
            + CASE WHEN started_at = received_at THEN resent_count ELSE 0 END * interval '10 seconds' AS told_at
        FROM chosen
    ) AS r
    GROUP BY r.session_id
