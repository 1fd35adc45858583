-- The facts that say which sessions these requests, and the requests of these sessions, belong to.
SELECT
    k.id, r.id, r.session_id, r.bucket, r.project_id, r.started_at, r.rule, r.rule_detail, r.weak, r.trace_id, r.previous,
    r.needs, r.provides, r.attempt, r.call, r.task, r.resent_call, r.status, r.duplicate_of,
    r.span_id, r.resent_count
FROM request_key AS k
JOIN request_log AS r ON r.id = k.request_log_id AND r.session_id = k.session_id AND r.bucket = k.bucket
WHERE k.id = ANY(%(key_ids)b::uuid[]) OR k.session_id = ANY(%(session_ids)b::uuid[])
