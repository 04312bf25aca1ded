{{
    config(
        materialized='table',
        indexes=[{'columns': ['ticker'], 'unique': true}]
    )
}}

-- One row a ticker that is listed or has bars. Some thousand rows, each with two looks at the ends of an index, so it is
-- written anew each time.
with recursive traded as (
    (
        select ticker
        from {{ ref('fct_polygon__stock_bars_performance') }}
        order by ticker
        limit 1
    )

    union all

    -- The next ticker, from the index: counting off the tickers of ten years would read every row.
    select (
        select bars.ticker
        from {{ ref('fct_polygon__stock_bars_performance') }} as bars
        where bars.ticker > traded.ticker
        order by bars.ticker
        limit 1
    )
    from traded
    where traded.ticker is not null
),

all_tickers as (
    select ticker from {{ ref('stg_polygon__tickers') }}
    union
    select ticker from traded where ticker is not null
)

select
    all_tickers.ticker,
    tickers.name,
    tickers.type,
    tickers.primary_exchange,
    coalesce(tickers.active, false) as active,
    tickers.delisted_on,
    (
        select min(bars.trade_date)
        from {{ ref('fct_polygon__stock_bars_performance') }} as bars
        where bars.ticker = all_tickers.ticker
    ) as first_trade_date,
    (
        select max(bars.trade_date)
        from {{ ref('fct_polygon__stock_bars_performance') }} as bars
        where bars.ticker = all_tickers.ticker
    ) as last_trade_date
from all_tickers
left join {{ ref('stg_polygon__tickers') }} as tickers on tickers.ticker = all_tickers.ticker
