{# Up to where `target` has seen what it is made of: writes to the source tables are serialised and stamped in the order in which they
  commit, so a strict comparison with it misses none. #}
{% macro watermark(target) %}
    (select coalesce(max(seen.source_inserted_at), '-infinity') from {{ target }} as seen)
{% endmacro %}

{#
  Securities whose whole history is due: those with a split that is new, changed or withdrawn, or whose day has come since, and those
  that got or lost bars by a change of the lists. The watermark's own day is looked at again: it may have begun between the build that
  saw it and the rows that it saw.
#}
{% macro changed_securities(target) %}
    select splits.security_id
    from {{ ref('int_polygon__security_splits') }} as splits
    where
        splits.inserted_at > {{ watermark(target) }}
        or (
            splits.active
            and splits.execution_date >= (({{ watermark(target) }}) at time zone 'America/New_York')::date
            and splits.execution_date <= {{ new_york_today() }}
        )

    union

    select periods.security_id
    from {{ ref('int_polygon__ticker_periods') }} as periods
    where periods.placed_at > {{ watermark(target) }}
{% endmacro %}

{#
  The bars that are new or changed since a moment, with their labels' periods. `offset 0` keeps it from looking for them among all bars of
  each label: there is an index on when a bar was stamped. `< 'infinity'` is for the planner, which takes a closed range of unknown
  bounds for a small share of the table, as it is, and an open one for a third.
#}
{% macro bars_since(moment) %}
    select
        periods.security_id,
        periods.valid_from,
        periods.valid_to,
        periods.follows,
        periods.is_newest,
        stamped.ticker,
        stamped.trade_date
    from (
        select
            bars.ticker,
            bars.trade_date
        from {{ ref('stg_polygon__stock_bars_casted') }} as bars
        where bars.inserted_at > {{ moment }} and bars.inserted_at < 'infinity'
        offset 0
    ) as stamped
    inner join {{ ref('int_polygon__ticker_periods') }} as periods
        on
            periods.ticker = stamped.ticker
            and stamped.trade_date >= periods.valid_from
            and stamped.trade_date <= periods.valid_to
{% endmacro %}

{# The bars that are new, changed or removed, and each security's first whose dividend is. #}
{% macro changed_bars(target) %}
    select
        bars.security_id,
        bars.trade_date
    from ({{ bars_since(watermark(target)) }}) as bars

    union

    select
        dividends.security_id,
        min(dividends.trade_date) as trade_date
    from {{ ref('int_polygon__dividend_factors') }} as dividends
    where dividends.inserted_at > {{ watermark(target) }} and dividends.inserted_at < 'infinity'
    group by dividends.security_id

    union

    select
        removed.security_id,
        removed.trade_date
    from ({{ newly_removed_bars(target) }}) as removed
{% endmacro %}

{#
  The daily case: a bar that is its security's last and the only one that changed, so that `target` has all before it as they are, under
  the same label: since `label_from`, or in as many bars as the longest window reads.
#}
{% macro appended_bars(target) %}
    select
        bars.security_id,
        bars.valid_from as label_from,
        bars.ticker,
        bars.trade_date
    from ({{ bars_since(watermark(target)) }}) as bars
    where
        bars.is_newest
        and bars.security_id not in (
            select changed.security_id
            from ({{ changed_bars(target) }}) as changed
            group by changed.security_id
            having count(*) > 1
        )
        and bars.security_id not in ({{ changed_securities(target) }})
        and not exists (
            select
            from {{ ref('stg_polygon__stock_bars_casted') }} as later
            where
                later.ticker = bars.ticker
                and later.trade_date > bars.trade_date
                and later.trade_date <= bars.valid_to
        )
        and (
            not bars.follows
            or (
                select earlier.trade_date
                from {{ ref('stg_polygon__stock_bars_casted') }} as earlier
                where
                    earlier.ticker = bars.ticker
                    and earlier.trade_date < bars.trade_date
                    and earlier.trade_date >= bars.valid_from
                order by earlier.trade_date desc
                offset 251 limit 1
            ) is not null
        )
{% endmacro %}

{#
  The date of a security's 252nd bar before or after a day, null where there are fewer. Of each label no more than so many are looked
  at: in the order of the index, where all of a history would be sorted.
#}
{% macro bar_252_from(security, day, direction) %}
                        select dates.trade_date
                        from {{ ref('int_polygon__ticker_periods') }} as periods
                        cross join lateral (
                            select bars.trade_date
                            from {{ ref('stg_polygon__stock_bars_casted') }} as bars
                            where
                                bars.ticker = periods.ticker
                                and bars.trade_date >= periods.valid_from
                                and bars.trade_date <= periods.valid_to
                                and bars.trade_date {{ '<' if direction == 'before' else '>' }} {{ day }}
                            order by bars.trade_date{{ ' desc' if direction == 'before' }}
                            limit 252
                        ) as dates
                        where periods.security_id = {{ security }}
                        order by dates.trade_date{{ ' desc' if direction == 'before' }}
                        offset 251 limit 1
{% endmacro %}

{#
  What an incremental build has to compute again besides the appended bars, as ranges of each security's bars:

    write_from .. write_to  the bars whose row may differ from the one in `target`
    read_from               where reading begins, so that the longest window (252 bars back) is full at write_from
    dividend_factor_before  the factor before write_from, null where there is none

  A bar that is new, corrected, late or removed changes its own row and the 252 after it. A dividend changes the total return from its
  day on. A split, or a change of the lists, changes the whole history of its security. Bars far apart make separate ranges, so that one
  late session does not bring back all the years since; a range ends where the next begins.
#}
{% macro due_ranges(target) %}
    with appended as materialized (
        {{ appended_bars(target) }}
    ),

    whole_histories as materialized (
        {{ changed_securities(target) }}
    ),

    -- A dividend that no longer counts, because the bar before it is gone, leaves no row that could be stamped.
    changed_dividends as materialized (
        select
            security_id,
            min(trade_date) as trade_date
        from (
            select
                security_id,
                trade_date
            from {{ ref('int_polygon__dividend_factors') }}
            where inserted_at > {{ watermark(target) }} and inserted_at < 'infinity'

            union all

            select
                removed.security_id,
                removed.trade_date
            from ({{ newly_removed_bars(target) }}) as removed
            where
                removed.security_id in (
                    select periods.security_id
                    from {{ ref('int_polygon__ticker_periods') }} as periods
                    inner join {{ ref('stg_polygon__dividends') }} as dividends on dividends.ticker = periods.ticker
                )
        ) as changed
        group by security_id
    ),

    ordered_bars as (
        select
            bars.security_id,
            bars.trade_date,
            dividends.trade_date as dividend_date,
            lag(bars.trade_date) over (partition by bars.security_id order by bars.trade_date) as previous_date
        from ({{ changed_bars(target) }}) as bars
        left join changed_dividends as dividends on dividends.security_id = bars.security_id
        where
            bars.security_id not in (select security_id from whole_histories)
            and bars.security_id not in (select security_id from appended)
    ),

    numbered_bars as (
        select
            security_id,
            trade_date,
            dividend_date,
            -- After a changed dividend everything is due, in one range.
            count(*) filter (
                where trade_date - previous_date > 180 and (dividend_date is null or trade_date <= dividend_date)
            ) over (partition by security_id order by trade_date) as range_number
        from ordered_bars
    ),

    ranges as materialized (
        select
            security_id,
            min(trade_date) as first_date,
            max(trade_date) as last_date,
            bool_or(trade_date >= dividend_date) as is_open,
            lead(min(trade_date)) over (partition by security_id order by range_number) as next_date
        from numbered_bars
        group by security_id, range_number
    )

    select
        ranges.security_id,
        ranges.first_date as write_from,
        case
            when ranges.is_open then 'infinity'
            else
                least(
                    coalesce(
                        (
{{ bar_252_from('ranges.security_id', 'ranges.last_date', 'after') }}
                        ),
                        'infinity'
                    ),
                    ranges.next_date - 1
                )
        end as write_to,
        coalesce(
            (
{{ bar_252_from('ranges.security_id', 'ranges.first_date', 'before') }}
            ),
            '-infinity'
        ) as read_from,
        (
            select max(factors.dividend_factor)
            from {{ ref('int_polygon__dividend_factors') }} as factors
            where factors.security_id = ranges.security_id and factors.trade_date < ranges.first_date
        ) as dividend_factor_before
    from ranges

    union all

    select
        whole_histories.security_id,
        '-infinity'::date as write_from,
        'infinity'::date as write_to,
        '-infinity'::date as read_from,
        null::numeric as dividend_factor_before
    from (select distinct security_id from whole_histories) as whole_histories
{% endmacro %}
