{{ config(severity='warn') }}

-- Days with bars on which the exchanges did not trade. A warning: that the calendar misses an unscheduled closure is as likely.
select
    breadth.trade_date,
    breadth.tickers
from {{ ref('fct_polygon__market_breadth_daily') }} as breadth
where not exists (
    select
    from {{ ref('trading_sessions') }} as calendar
    where calendar.trade_date = breadth.trade_date
)
