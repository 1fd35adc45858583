INSERT INTO link_token (token, request_log_id, session_id, bucket)
SELECT * FROM unnest(%(token)b::uuid[], %(request_log_id)b::uuid[], %(session_id)b::uuid[], %(bucket)b::date[])
ON CONFLICT (token, request_log_id) DO NOTHING
