-- For each link key (the column `token`) the latest requests to which it is what `role` says, or the first ones,
-- between two places, and the session that each is in. Each takes a step in the index of links and one in that of keys.
SELECT q.n, l.started_at, l.key_id, k.session_id
FROM unnest(
    %(n)b::int[], %(link_key)b::uuid[], %(role)b::smallint[], %(after)b::timestamptz[], %(after_key)b::uuid[],
    %(before)b::timestamptz[], %(before_key)b::uuid[], %(most)b::int[], %(first)b::bool[]
) AS q (n, link_key, role, after, after_key, before, before_key, most, first)
CROSS JOIN LATERAL (
    (
        SELECT started_at, key_id FROM link
        WHERE NOT q.first AND token = q.link_key AND role = q.role AND (started_at, key_id) > (q.after, q.after_key)
            AND (started_at, key_id) < (q.before, q.before_key)
        ORDER BY started_at DESC, key_id DESC
        LIMIT q.most
    )
    UNION ALL
    (
        SELECT started_at, key_id FROM link
        WHERE q.first AND token = q.link_key AND role = q.role AND (started_at, key_id) > (q.after, q.after_key)
            AND (started_at, key_id) < (q.before, q.before_key)
        ORDER BY started_at, key_id
        LIMIT q.most
    )
) AS l
JOIN request_key AS k ON k.id = l.key_id
