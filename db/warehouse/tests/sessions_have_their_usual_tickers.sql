{{
    config(
        severity='error',
        fail_calc='coalesce(max(percent_missing), 0)',
        warn_if='> 10',
        error_if='> 50'
    )
}}

-- By how many percent a session's tickers are short of the median of the 20 sessions before, for the newest 20. Listings come and
-- go by a few in a thousand; a tenth missing is worth a look, a half is no session to publish. A median of fewer than ten
-- tickers says nothing, nor does one of fewer than five sessions.
--
-- Where UNIVERSE was narrowed on purpose, this holds the build up until the median has followed: raise `error_if` for so long.
with counted as (
    select
        trade_date,
        tickers,
        row_number() over (order by trade_date desc) as age
    from {{ ref('fct_polygon__market_breadth_daily') }}
    where trade_date in (select calendar.trade_date from {{ ref('trading_sessions') }} as calendar)
    order by trade_date desc
    limit 40
)

select
    session.trade_date,
    session.tickers,
    before.median_tickers,
    ceil(100 * (1 - session.tickers / before.median_tickers))::int as percent_missing
from counted as session
cross join lateral (
    select
        percentile_cont(0.5) within group (order by earlier.tickers) as median_tickers,
        count(*) as sessions
    from counted as earlier
    where earlier.age > session.age and earlier.age <= session.age + 20
) as before
where
    session.age <= 20
    and before.sessions >= 5
    and before.median_tickers >= 10
    and session.tickers < before.median_tickers * 0.9
