{#
  The published bars of the newest `sessions` sessions, a look-up by key for each ticker: the table has no index that begins with
  the date, and a test that read ten years for the sake of a week would cost more than the build.
#}
{% macro recent_bars(sessions) %}
    select bars.*
    from {{ ref('fct_polygon__latest_session') }} as tickers
    cross join lateral (
        select *
        from {{ ref('fct_polygon__stock_bars_performance') }} as fact
        where
            fact.ticker = tickers.ticker
            and fact.trade_date >= (
                select min(newest.trade_date)
                from (
                    select breadth.trade_date
                    from {{ ref('fct_polygon__market_breadth_daily') }} as breadth
                    order by breadth.trade_date desc
                    limit {{ sessions }}
                ) as newest
            )
        offset 0
    ) as bars
{% endmacro %}
