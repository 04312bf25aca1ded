{{
    config(
        severity='error',
        fail_calc='coalesce(max(rejects_per_mille), 0)',
        warn_if='> 5',
        error_if='> 50'
    )
}}

-- How many of a thousand rows the last load refused. Rows that only say again what another one said are in neither count. Under a
-- hundred rows one bad one would be a scandal.
select
    last_load.run_id,
    last_load.rejected,
    last_load.answered,
    ceil(1000.0 * last_load.rejected / last_load.answered)::int as rejects_per_mille
from (
    select
        id as run_id,
        (summary ->> 'rejected')::bigint as rejected,
        (summary ->> 'rejected')::bigint + (summary ->> 'rows')::bigint as answered
    from {{ source('barline', 'runs') }}
    where job_id = 'stocks_polygon_load' and state = 'success' and summary ? 'rejected'
    order by id desc
    limit 1
) as last_load
where last_load.answered >= 100 and last_load.rejected > 0
