{{ config(severity='error') }}

-- Lake to raw: each row that the manifests of a load tell of was staged, was refused, said what another one said, or was withheld with
-- the whole of its answer. Of the newest 50 loads, from the counts that the runs kept.
with loads as (
    select
        id,
        (summary ->> 'rows')::bigint as staged,
        (summary ->> 'rejected')::bigint as rejected,
        coalesce((summary ->> 'repeated')::bigint, 0) as repeated,
        coalesce((summary ->> 'withheld')::bigint, 0) as withheld
    from {{ source('barline', 'runs') }}
    where job_id = 'stocks_polygon_load' and state = 'success' and summary ? 'rejected'
    order by id desc
    limit 50
)

select
    loads.id as run_id,
    sum((events.payload ->> 'rows')::bigint) as landed,
    loads.staged,
    loads.rejected,
    loads.repeated,
    loads.withheld
from loads
inner join {{ source('barline', 'event_claims') }} as claims
    on claims.run_id = loads.id and claims.job_id = 'stocks_polygon_load'
inner join {{ source('barline', 'dataset_events') }} as events on events.id = claims.event_id
where events.payload ? 'rows'
group by loads.id, loads.staged, loads.rejected, loads.repeated, loads.withheld
having sum((events.payload ->> 'rows')::bigint) <> loads.staged + loads.rejected + loads.repeated + loads.withheld
