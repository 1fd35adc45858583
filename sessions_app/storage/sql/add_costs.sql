-- Adds what requests cost more (or less) than before to their sessions, without reading the other requests. Only a sum
-- of zero is computed anew: it says nothing if no request has a cost.
UPDATE session AS s SET revision = s.revision + 1, cost = CASE
    WHEN coalesce(s.cost, 0) + m.more <> 0 THEN coalesce(s.cost, 0) + m.more
    ELSE (
        SELECT sum(r.cost) FROM request_log AS r
        WHERE r.session_id = s.id AND NOT r.step AND r.duplicate_of IS NULL
    )
END
FROM unnest(%(id)b::uuid[], %(more)b::numeric[]) AS m (id, more)
WHERE s.id = m.id
