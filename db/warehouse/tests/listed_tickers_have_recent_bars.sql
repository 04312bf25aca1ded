{{ config(severity='warn') }}

-- Tickers that the vendor lists as active and that have traded, but not in the newest six sessions of the warehouse. One that
-- never traded may be outside of UNIVERSE.
with newest as (
    select max(trade_date) as trade_date from {{ ref('fct_polygon__latest_session') }}
)

select
    bars.ticker,
    tickers.name,
    tickers.type,
    bars.trade_date as last_traded,
    (
        select count(*)
        from {{ ref('trading_sessions') }} as calendar
        where calendar.trade_date > bars.trade_date and calendar.trade_date <= newest.trade_date
    ) as sessions_without
from {{ ref('fct_polygon__latest_session') }} as bars
inner join {{ ref('stg_polygon__tickers') }} as tickers on tickers.ticker = bars.ticker
cross join newest
where
    tickers.active
    and bars.trade_date < (
        select min(last_six.trade_date)
        from (
            select calendar.trade_date
            from {{ ref('trading_sessions') }} as calendar
            where calendar.trade_date <= newest.trade_date
            order by calendar.trade_date desc
            limit 6
        ) as last_six
    )
