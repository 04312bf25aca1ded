{# Up to where `target` has seen what it is made of: writes to the source tables are serialised and stamped in the order in which they
  commit, so a strict comparison with it misses none. #}
{% macro watermark(target) %}
    (select coalesce(max(seen.source_inserted_at), '-infinity') from {{ target }} as seen)
{% endmacro %}

{# Tickers with a split that is new, changed or withdrawn, or whose day has come since. The watermark's own day is looked at again: it
  may have begun between the build that saw it and the rows that it saw. #}
{% macro changed_splits(target) %}
    select splits.ticker
    from {{ ref('stg_polygon__splits') }} as splits
    where
        splits.inserted_at > {{ watermark(target) }}
        or (
            splits.active
            and splits.execution_date >= (({{ watermark(target) }}) at time zone 'America/New_York')::date
            and splits.execution_date <= {{ new_york_today() }}
        )
{% endmacro %}

{# The bars that are new, changed or removed, and each ticker's first whose dividend is. `< 'infinity'` is for the planner, which takes a closed
  range of unknown bounds for a small share of the table, as it is, and an open one for a third. #}
{% macro changed_bars(target) %}
    select
        bars.ticker,
        bars.trade_date
    from {{ ref('stg_polygon__stock_bars_casted') }} as bars
    where bars.inserted_at > {{ watermark(target) }} and bars.inserted_at < 'infinity'

    union

    select
        dividends.ticker,
        min(dividends.trade_date) as trade_date
    from {{ ref('int_polygon__dividend_factors') }} as dividends
    where dividends.inserted_at > {{ watermark(target) }} and dividends.inserted_at < 'infinity'
    group by dividends.ticker

    union

    {{ newly_removed_bars(target) }}
{% endmacro %}

{# The daily case: a bar that is its ticker's last and the only one that changed, so that `target` has all before it as they are. #}
{% macro appended_bars(target) %}
    select
        bars.ticker,
        bars.trade_date
    from {{ ref('stg_polygon__stock_bars_casted') }} as bars
    where
        bars.inserted_at > {{ watermark(target) }}
        and bars.inserted_at < 'infinity'
        and bars.ticker not in (
            select changed.ticker
            from ({{ changed_bars(target) }}) as changed
            group by changed.ticker
            having count(*) > 1
        )
        and bars.ticker not in ({{ changed_splits(target) }})
        and not exists (
            select
            from {{ ref('stg_polygon__stock_bars_casted') }} as later
            where later.ticker = bars.ticker and later.trade_date > bars.trade_date
        )
{% endmacro %}

{#
  What an incremental build has to compute again besides the appended bars, as ranges of each ticker's bars:

    write_from .. write_to  the bars whose row may differ from the one in `target`
    read_from               where reading begins, so that the longest window (252 bars back) is full at write_from
    dividend_factor_before  the factor before write_from, null where there is none

  A bar that is new, corrected, late or removed changes its own row and the 252 after it. A dividend changes the total return from its
  day on. A split changes the whole history of its ticker. Bars far apart make separate ranges, so that one late session does not
  bring back all the years since; a range ends where the next begins.
#}
{% macro due_ranges(target) %}
    with appended as materialized (
        {{ appended_bars(target) }}
    ),

    split_tickers as materialized (
        {{ changed_splits(target) }}
    ),

    -- A dividend that no longer counts, because the bar before it is gone, leaves no row that could be stamped.
    changed_dividends as materialized (
        select
            ticker,
            min(trade_date) as trade_date
        from (
            select
                ticker,
                trade_date
            from {{ ref('int_polygon__dividend_factors') }}
            where inserted_at > {{ watermark(target) }} and inserted_at < 'infinity'

            union all

            select
                removed.ticker,
                removed.trade_date
            from ({{ newly_removed_bars(target) }}) as removed
            where removed.ticker in (select dividends.ticker from {{ ref('stg_polygon__dividends') }} as dividends)
        ) as changed
        group by ticker
    ),

    ordered_bars as (
        select
            bars.ticker,
            bars.trade_date,
            dividends.trade_date as dividend_date,
            lag(bars.trade_date) over (partition by bars.ticker order by bars.trade_date) as previous_date
        from ({{ changed_bars(target) }}) as bars
        left join changed_dividends as dividends on dividends.ticker = bars.ticker
        where
            bars.ticker not in (select ticker from split_tickers)
            and bars.ticker not in (select ticker from appended)
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
        from ordered_bars
    ),

    ranges as materialized (
        select
            ticker,
            min(trade_date) as first_date,
            max(trade_date) as last_date,
            bool_or(trade_date >= dividend_date) as is_open,
            lead(min(trade_date)) over (partition by ticker order by range_number) as next_date
        from numbered_bars
        group by ticker, range_number
    )

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

    union all

    select
        split_tickers.ticker,
        '-infinity'::date as write_from,
        'infinity'::date as write_to,
        '-infinity'::date as read_from,
        null::numeric as dividend_factor_before
    from (select distinct ticker from split_tickers) as split_tickers
{% endmacro %}
