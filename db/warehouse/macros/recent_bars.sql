{#
  The published bars of the newest `sessions` sessions, a look-up by key for each ticker: the table has no index that begins with
  the date, and a test that read ten years for the sake of a week would cost more than the build.
#}
{% macro recent_bars(sessions) %}
    select bars.*
    from {{ ref('fct_polygon__latest_session') }} as tickers
    {% set recent %}
            bars.ticker = tickers.ticker
            and bars.trade_date >= (
                select min(newest.trade_date)
                from (
                    select breadth.trade_date
                    from {{ ref('fct_polygon__market_breadth_daily') }} as breadth
                    order by breadth.trade_date desc
                    limit {{ sessions }}
                ) as newest
            )
    {% endset %}
    {{ looked_up(ref('fct_polygon__stock_bars_performance'), 'bars', recent) }}
{% endmacro %}
