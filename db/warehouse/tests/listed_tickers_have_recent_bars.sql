{{ config(severity='warn') }}

-- Tickers that the vendor lists as active and that have traded, but not in the newest six sessions of the warehouse. One that
-- never traded may be outside of UNIVERSE, and so is what was left out when it was narrowed.
with calendar as materialized (
    select
        trade_date,
        row_number() over (order by trade_date) as position
    from {{ ref('trading_sessions') }}
),

newest as materialized (
    select max(position) as position
    from calendar
    where trade_date <= (select max(latest.trade_date) from {{ ref('fct_polygon__latest_session') }} as latest)
),

universe as materialized (
    {{ present_universe() }}
),

wanted as materialized (
    {{ universe_tickers('universe') }}
)

select
    bars.ticker,
    tickers.name,
    tickers.type,
    bars.trade_date as last_traded,
    newest.position - calendar.position as sessions_without
from {{ ref('fct_polygon__latest_session') }} as bars
inner join calendar on calendar.trade_date = bars.trade_date
inner join newest on newest.position - calendar.position > 5
inner join {{ ref('stg_polygon__tickers') }} as tickers on tickers.ticker = bars.ticker and tickers.active
where not exists (select from universe) or bars.ticker in (select wanted.ticker from wanted)
