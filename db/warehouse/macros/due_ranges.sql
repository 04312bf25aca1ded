{#
  What an incremental build has to compute again, as ranges of each ticker's bars:

    write_from .. write_to  the bars whose row may differ from the one in `target`
    is_append               whether it is one bar, the ticker's last, after nothing but bars that `target` has as they are
    read_from               where reading begins, so that the longest window (252 bars back) is full at write_from
    dividend_factor_before  the factor before write_from, null where there is none

  A bar that is new, corrected or late changes its own row and the 252 after it. A dividend changes the total return from its
  day on. A split that is new, changed or withdrawn, or whose day has come since, changes the whole history of its ticker.
  Bars far apart make separate ranges, so that one late session does not bring back all the years since; a range ends where
  the next begins.

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

    changed_dividends as materialized (
        select
            ticker,
            min(trade_date) as trade_date
        from {{ ref('int_polygon__dividend_factors') }}
        where inserted_at > (select inserted_at from watermark) and inserted_at < 'infinity'
        group by ticker
    ),

    changed_bars as (
        select
            bars.ticker,
            bars.trade_date,
            dividends.trade_date as dividend_date,
            lag(bars.trade_date) over (partition by bars.ticker order by bars.trade_date) as previous_date
        from (
            select ticker, trade_date
            from {{ ref('stg_polygon__stock_bars_casted') }}
            where inserted_at > (select inserted_at from watermark) and inserted_at < 'infinity'
            union
            select ticker, trade_date from changed_dividends
        ) as bars
        left join changed_dividends as dividends on dividends.ticker = bars.ticker
        where bars.ticker not in (select ticker from changed_splits)
    ),

    numbered_bars as (
        select
            ticker,
            trade_date,
            dividend_date,
            -- After a changed dividend everything is due, in one range.
            count(*) filter (
                where trade_date - previous_date > 180 and (dividend_date is null or trade_date <= dividend_date)
            ) over (partition by ticker order by trade_date) as range_number
        from changed_bars
    ),

    changed_ranges as materialized (
        select
            ticker,
            min(trade_date) as first_date,
            max(trade_date) as last_date,
            bool_or(trade_date >= dividend_date) as is_open,
            count(*) over (partition by ticker) as range_count,
            lead(min(trade_date)) over (partition by ticker order by range_number) as next_date
        from numbered_bars
        group by ticker, range_number
    ),

    ranges as materialized (
        select
            *,
            (
                first_date = last_date
                and range_count = 1
                and not exists (
                    select
                    from {{ ref('stg_polygon__stock_bars_casted') }} as bars
                    where bars.ticker = changed_ranges.ticker and bars.trade_date > changed_ranges.last_date
                )
            ) as is_append
        from changed_ranges
    )

    select
        ticker,
        first_date as write_from,
        first_date as write_to,
        true as is_append,
        null::date as read_from,
        null::numeric as dividend_factor_before
    from ranges
    where is_append

    union all

    select
        ranges.ticker,
        ranges.first_date as write_from,
        case
            when ranges.is_open then 'infinity'
            else
                least(
                    coalesce(
                        (
                            select bars.trade_date
                            from {{ ref('stg_polygon__stock_bars_casted') }} as bars
                            where bars.ticker = ranges.ticker and bars.trade_date > ranges.last_date
                            order by bars.trade_date
                            offset 251 limit 1
                        ),
                        'infinity'
                    ),
                    ranges.next_date - 1
                )
        end as write_to,
        false as is_append,
        coalesce(
            (
                select bars.trade_date
                from {{ ref('stg_polygon__stock_bars_casted') }} as bars
                where bars.ticker = ranges.ticker and bars.trade_date < ranges.first_date
                order by bars.trade_date desc
                offset 251 limit 1
            ),
            '-infinity'
        ) as read_from,
        (
            select max(factors.dividend_factor)
            from {{ ref('int_polygon__dividend_factors') }} as factors
            where factors.ticker = ranges.ticker and factors.trade_date < ranges.first_date
        ) as dividend_factor_before
    from ranges
    where not ranges.is_append

    union all

    select
        ticker,
        '-infinity'::date as write_from,
        'infinity'::date as write_to,
        false as is_append,
        '-infinity'::date as read_from,
        null::numeric as dividend_factor_before
    from changed_splits
{% endmacro %}
