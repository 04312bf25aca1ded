{#
  What an incremental build has to compute again, as ranges of each ticker's bars:

    write_from .. write_to  the bars whose row may differ from the one in `target`
    read_from               where reading begins, so that the longest window (120 sessions) is full at write_from
    is_append               whether it is one bar, the ticker's last, after nothing but bars that `target` has as they are

  A bar that is new, corrected or late changes its own row and the 119 after it. A split that is new, changed or withdrawn,
  or whose day has come since, changes the whole history of its ticker. Bars far apart make separate ranges, so that one late
  session does not bring back all the years since; a range ends where the next begins.

  Everything is found from the watermark through indexes. Writes to the source tables are serialised and stamped in the
  order in which they commit, so a strict comparison misses none. The watermark's own day is looked at again for splits: it may
  have begun between the build that saw it and the rows that it saw. `< 'infinity'` is for the planner, which takes a closed
  range of unknown bounds for a small share of the table, as it is, and an open one for a third.
#}
{% macro due_ranges(target) %}
    with watermark as materialized (
        select coalesce(max(source_inserted_at), '-infinity') as inserted_at from {{ target }}
    ),

    changed_splits as materialized (
        select distinct ticker
        from {{ ref('stg_polygon__splits') }}
        where
            inserted_at > (select inserted_at from watermark)
            or (
                active
                and execution_date >= (select (inserted_at at time zone 'America/New_York')::date from watermark)
                and execution_date <= {{ new_york_today() }}
            )
    ),

    changed_bars as (
        select
            ticker,
            trade_date,
            lag(trade_date) over (partition by ticker order by trade_date) as previous_date
        from {{ ref('stg_polygon__stock_bars_casted') }}
        where
            inserted_at > (select inserted_at from watermark)
            and inserted_at < 'infinity'
            and ticker not in (select ticker from changed_splits)
    ),

    numbered_bars as (
        select
            ticker,
            trade_date,
            count(*) filter (where trade_date - previous_date > 180)
                over (partition by ticker order by trade_date) as range_number
        from changed_bars
    ),

    changed_ranges as materialized (
        select
            ticker,
            min(trade_date) as first_date,
            max(trade_date) as last_date,
            lead(min(trade_date)) over (partition by ticker order by range_number) as next_date
        from numbered_bars
        group by ticker, range_number
    )

    select
        ranges.ticker,
        coalesce(
            (
                select bars.trade_date
                from {{ ref('stg_polygon__stock_bars_casted') }} as bars
                where bars.ticker = ranges.ticker and bars.trade_date < ranges.first_date
                order by bars.trade_date desc
                offset 119 limit 1
            ),
            '-infinity'
        ) as read_from,
        ranges.first_date as write_from,
        least(
            coalesce(
                (
                    select bars.trade_date
                    from {{ ref('stg_polygon__stock_bars_casted') }} as bars
                    where bars.ticker = ranges.ticker and bars.trade_date > ranges.last_date
                    order by bars.trade_date
                    offset 118 limit 1
                ),
                'infinity'
            ),
            ranges.next_date - 1
        ) as write_to,
        (
            ranges.first_date = ranges.last_date
            and count(*) over (partition by ranges.ticker) = 1
            and not exists (
                select
                from {{ ref('stg_polygon__stock_bars_casted') }} as bars
                where bars.ticker = ranges.ticker and bars.trade_date > ranges.last_date
            )
        ) as is_append
    from changed_ranges as ranges

    union all

    select
        ticker,
        '-infinity'::date as read_from,
        '-infinity'::date as write_from,
        'infinity'::date as write_to,
        false as is_append
    from changed_splits
{% endmacro %}
