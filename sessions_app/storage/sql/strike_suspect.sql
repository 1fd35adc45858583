-- A process died while it digested this entry alone. The next one takes fewer of its logs at a time, down to the log
-- that did it. How often that log alone ends a process decides whether it is rejected.
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
