{{ config(severity='warn') }}

-- Tickers whose newest volume is over twenty times the mean of the 19 sessions before. The average of 20 days counts the day
-- itself and would hide it: no one day can be more than 20 times a mean that it is a twentieth of. Below 100,000 shares and a
-- million dollars a thin stock's ordinary day looks like that.
select
    ticker,
    trade_date,
    volume,
    round((20 * avg_volume_20d - volume) / 19) as avg_volume_before,
    dollar_volume
from {{ ref('fct_polygon__latest_session') }}
where
    trade_date >= (
        select min(newest.trade_date)
        from (
            select breadth.trade_date
            from {{ ref('fct_polygon__market_breadth_daily') }} as breadth
            order by breadth.trade_date desc
            limit 5
        ) as newest
    )
    and volume > 20 * (20 * avg_volume_20d - volume) / 19
    and volume >= 100000
    and dollar_volume >= 1000000
