-- The reasons in the plans of backfills were sentences; they are data from here on. One that is not known is kept as it was told.
update barline.backfills
set plan = plan || read.lists
from (
  select id, jsonb_object_agg(list, dated) as lists
  from (
    select
      backfills.id,
      list,
      jsonb_agg(
        case
          when jsonb_typeof(item -> 'reason') is distinct from 'string' then item
          else jsonb_set(item, '{reason}', case
            when said = 'never ran' then jsonb_build_object('kind', 'never_ran')
            when said = 'asked for by ticker' then jsonb_build_object('kind', 'asked_by_ticker')
            when said = 'weekend' then jsonb_build_object('kind', 'closed', 'holiday', null)
            when said in (
              'Attacks of 11 September 2001', 'Christmas Day', 'Good Friday', 'Hurricane Sandy', 'Independence Day',
              'Juneteenth National Independence Day', 'Labor Day', 'Martin Luther King Jr. Day', 'Memorial Day',
              'Mourning for President Carter', 'Mourning for President Ford', 'Mourning for President George H. W. Bush',
              'Mourning for President Reagan', 'New Year''s Day', 'Thanksgiving Day', 'Washington''s Birthday'
            ) then jsonb_build_object('kind', 'closed', 'holiday', said)
            when said ~ '^not settled until \S+$'
              then jsonb_build_object('kind', 'unsettled', 'until', substring(said from '\S+$'))
            when of_run[2] = 'is' and of_run[3] in ('queued', 'running') then
              jsonb_build_object('kind', 'under_way', 'runId', of_run[1]::bigint, 'state', of_run[3])
            when of_run[2] = 'was' and of_run[3] = 'cancelled' then
              jsonb_build_object('kind', 'ended', 'runId', of_run[1]::bigint, 'state', of_run[3])
            when of_run[2] is null and of_run[3] in ('succeeded', 'failed') then
              jsonb_build_object('kind', 'ended', 'runId', of_run[1]::bigint, 'state', replace(of_run[3], 'succeeded', 'success'))
            when of_run[2] = 'already ran:' and of_run[3] in ('succeeded', 'failed', 'cancelled') then
              jsonb_build_object('kind', 'already_ran', 'runId', of_run[1]::bigint, 'state', replace(of_run[3], 'succeeded', 'success'))
            else jsonb_build_object('kind', 'told', 'text', said)
          end)
        end
        order by position
      ) as dated
    from barline.backfills
    cross join (values ('reasons'), ('skipped')) as lists (list)
    cross join lateral jsonb_array_elements(case jsonb_typeof(plan -> list) when 'array' then plan -> list else '[]' end)
      with ordinality as items (item, position)
    cross join lateral (
      select
        item ->> 'reason' as said,
        -- The run, the words before its state, and the state.
        regexp_match(item ->> 'reason', '^run (\d{1,15}) (?:(is|was|already ran:) )?([a-z]+)$') as of_run
    ) as sentence
    group by backfills.id, list
  ) as told
  group by id
) as read
where read.id = backfills.id;
