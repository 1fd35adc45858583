-- A process ended while it digested this entry alone. Next time it takes fewer of its logs, until the one that did it is
-- alone; how often that happens with one log decides.
UPDATE digest_suspect AS s
SET endings = s.endings + 1,
    reason = %(reason)b,
    strikes = s.strikes + CASE WHEN taken.logs = 1 THEN 1 ELSE 0 END,
    most_logs = greatest(taken.logs / %(divisor)b, 1)
FROM (
    SELECT i.id, greatest(least(coalesce(d.most_logs, %(batch_logs)b), i.log_count - i.digested_logs), 1) AS logs
    FROM inbox AS i JOIN digest_suspect AS d ON d.entry_id = i.id
) AS taken
WHERE s.entry_id = %(entry_id)b AND taken.id = s.entry_id
RETURNING s.strikes, s.endings
