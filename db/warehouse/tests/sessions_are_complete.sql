{{ config(severity='warn') }}

-- Trading days between the first and the last session of the warehouse that have no bar at all. A warning, as a backfill that is
-- under way leaves such days until it is done.
select calendar.trade_date
from {{ ref('trading_sessions') }} as calendar
where
    calendar.trade_date > (select min(trade_date) from {{ ref('fct_polygon__market_breadth_daily') }})
    and calendar.trade_date < (select max(trade_date) from {{ ref('fct_polygon__market_breadth_daily') }})
    and not exists (
        select
        from {{ ref('fct_polygon__market_breadth_daily') }} as breadth
        where breadth.trade_date = calendar.trade_date
    )
