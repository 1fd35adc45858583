UPDATE request_key AS k SET request_log_id = m.new_id, session_id = m.new_session_id
FROM unnest(%(key_id)b::uuid[], %(new_id)b::uuid[], %(new_session_id)b::uuid[]) AS m (key_id, new_id, new_session_id)
WHERE k.id = m.key_id
