{{
    config(
        materialized='table',
        indexes=[{'columns': ['ticker'], 'unique': true}]
    )
}}

-- One row a ticker that is listed or has bars, with the security that it stands for, or stood for last.
with spans as (
    select
        ticker,
        min(first_session) as first_trade_date,
        max(last_session) as last_trade_date,
        (
            array_agg(security_id order by last_session desc nulls last, valid_to desc nulls first, valid_from desc nulls last)
        )[1] as security_id
    from {{ ref('dim_ticker_periods') }}
    group by ticker
)

select
    coalesce(tickers.ticker, spans.ticker) as ticker,
    spans.security_id,
    tickers.name,
    tickers.type,
    tickers.primary_exchange,
    coalesce(tickers.active, false) as active,
    case
        when tickers.ticker is null then 'unlisted'
        when tickers.active then 'listed'
        when securities.ticker <> tickers.ticker or securities.status = 'renamed' then 'renamed'
        else 'delisted'
    end as status,
    tickers.delisted_on,
    spans.first_trade_date,
    spans.last_trade_date
from spans
full join {{ ref('stg_polygon__tickers') }} as tickers on tickers.ticker = spans.ticker
left join {{ ref('dim_securities') }} as securities on securities.security_id = spans.security_id
