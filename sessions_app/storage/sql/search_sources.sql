-- What requests say beside their messages.
SELECT
    r.id, r.session_id, r.bucket, r.project_id, r.started_at, r.received_at, r.source, r.kind, r.model,
    r.requested_model, r.provider, r.status, r.error_type, r.error_message, r.finish_reason, r.end_user, r.key_alias,
    r.request_id, r.name, r.tool_name, r.step, r.tags, r.rule,
    coalesce(r.failed_tools, '{}'), r.metadata, s.session_key
FROM unnest(%(id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[]) AS m (id, session_id, bucket)
JOIN request_log AS r ON r.id = m.id AND r.session_id = m.session_id AND r.bucket = m.bucket
JOIN session AS s ON s.id = m.session_id
