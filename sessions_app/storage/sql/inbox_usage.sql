-- How many bytes of each project wait, and how many were ever digested.
SELECT project_id, sum(bytes_in - bytes_out)::bigint, sum(bytes_out)::bigint FROM inbox_usage GROUP BY project_id
