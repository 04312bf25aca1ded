{{ config(severity='error') }}

-- Raw to staging to mart, bar by bar for the newest load that the fact table has seen, and by count for the newest session. What
-- is loaded while this build runs is left to the next.
with newest_load as {{ "not materialized" if is_distributed() else "materialized" }} (
    select
        ticker,
        trade_date,
        close,
        inserted_at
    from {{ source('polygon', 'source_polygon_stock_bars_daily') }}
    where inserted_at = (
        select max(inserted_at)
        from {{ source('polygon', 'source_polygon_stock_bars_daily') }}
        where inserted_at <= (select max(source_inserted_at) from {{ ref('fct_polygon__stock_bars_performance') }})
    )
),

newest_session as materialized (
    select
        trade_date,
        tickers
    from {{ ref('fct_polygon__market_breadth_daily') }}
    order by trade_date desc
    limit 1
)

select
    case
        when staged.ticker is null then 'not in staging'
        when fact.ticker is null then 'not in the fact table'
        when fact.source_inserted_at < raw.inserted_at then 'an earlier version is in the fact table'
        else 'another close is in the fact table'
    end as problem,
    raw.ticker,
    raw.trade_date,
    1::bigint as expected,
    0::bigint as found
from newest_load as raw
{% if is_distributed() %}
-- Rows of one ticker lie in one shard, under every name.
left join {{ ref('stg_polygon__stock_bars_casted') }} as staged
    on staged.ticker = raw.ticker and staged.trade_date = raw.trade_date
left join {{ ref('fct_polygon__stock_bars_performance') }} as fact
    on fact.ticker = raw.ticker and fact.trade_date = raw.trade_date
{% else %}
left join lateral (
    select
        bars.ticker,
        bars.close_price
    from {{ ref('stg_polygon__stock_bars_casted') }} as bars
    where bars.ticker = raw.ticker and bars.trade_date = raw.trade_date
    offset 0
) as staged on true
left join lateral (
    select
        bars.ticker,
        bars.close_price,
        bars.split_factor,
        bars.source_inserted_at
    from {{ ref('fct_polygon__stock_bars_performance') }} as bars
    where bars.ticker = raw.ticker and bars.trade_date = raw.trade_date
    offset 0
) as fact on true
{% endif %}
where
    staged.ticker is null
    or fact.ticker is null
    or fact.source_inserted_at < raw.inserted_at
    -- To less than the last digit that a model may round away.
    or abs(fact.close_price - staged.close_price * fact.split_factor) > 0.00001

union all

select
    'another number of bars in the newest session' as problem,
    null as ticker,
    session.trade_date,
    session.tickers as expected,
    counted.bars as found
from newest_session as session
cross join lateral (
    select count(*) as bars
    from {{ ref('fct_polygon__latest_session') }} as latest
    where latest.trade_date = session.trade_date
) as counted
where counted.bars <> session.tickers
