    -- The tags of the requests `chosen`, and those that people gave to their sessions. Those of people come first, so
    -- that no number of tags in the logs leaves them out.
    SELECT id, ARRAY(SELECT t FROM unnest(first_tags) AS t ORDER BY t) AS tags
    FROM (
        SELECT id, (array_agg(tag ORDER BY given DESC, tag))[:50] AS first_tags
        FROM (
            SELECT id, tag, bool_or(given) AS given
            FROM (
                SELECT session_id AS id, tag, false AS given FROM chosen, unnest(tags) AS tag
                UNION ALL
                SELECT session_id, tag, true FROM session_tag WHERE session_id IN (SELECT session_id FROM chosen)
            ) AS every
            GROUP BY id, tag
        ) AS distinct_tags
        GROUP BY id
    ) AS listed
