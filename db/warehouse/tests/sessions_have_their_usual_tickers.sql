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
-- Where UNIVERSE was narrowed, the sessions before have more tickers than it has. What seems short is counted again then, over the
-- tickers of the present universe alone: that reads the rows of forty sessions, so only then.
with counted as materialized (
    select
        trade_date,
        tickers,
        row_number() over (order by trade_date desc) as age
    from {{ ref('fct_polygon__market_breadth_daily') }}
    where trade_date in (select calendar.trade_date from {{ ref('trading_sessions') }} as calendar)
    order by trade_date desc
    limit 40
),

short as materialized (
    {{ short_sessions('counted') }}
),

universe as materialized (
    {{ present_universe() }}
),

wanted as materialized (
    {{ universe_tickers('universe') }}
),

recounted as materialized (
    select
        bars.trade_date,
        counted.age,
        count(*) as tickers
    from counted
    inner join {{ ref('fct_polygon__stock_bars_performance') }} as bars on bars.trade_date = counted.trade_date
    where
        exists (select from universe)
        and exists (select from short)
        and bars.ticker in (select wanted.ticker from wanted)
    group by bars.trade_date, counted.age
)

select *
from short
where not exists (select from universe)

union all

select *
from ({{ short_sessions('recounted') }}) as still_short
