{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='ticker',
        on_schema_change='fail',
        pre_hook="{{ delete_removed_bars(this) }}",
        meta={'rebuild_after_parents': true, 'gathered_by': {'column': 'ticker'}},
        indexes=[
            {'columns': ['ticker'], 'unique': true},
            {'columns': ['source_inserted_at']}
        ]
    )
}}

-- One row a ticker: its newest row of the fact table, with its name.
--
-- Every change of a security stamps one of its rows, under whatever label, so all its labels are due where a row is stamped since; and
-- where its day has come for a split, whose day of the watermark is looked at again.
-- depends_on: {{ ref('dim_tickers') }}
-- depends_on: {{ ref('int_polygon__ticker_periods') }}
-- depends_on: {{ ref('int_polygon__security_splits') }}
-- depends_on: {{ ref('int_polygon__security_removed_bars') }}
with

{% if is_incremental() %}
watermark as materialized (
    select coalesce(max(source_inserted_at), '-infinity') as inserted_at from {{ this }}
),

changed as materialized (
    select security_id
    from {{ ref('fct_polygon__stock_bars_performance') }}
    where source_inserted_at > (select inserted_at from watermark) and source_inserted_at < 'infinity'

    union

    select security_id
    from {{ ref('int_polygon__security_splits') }}
    where
        execution_date >= (select (inserted_at at time zone 'America/New_York')::date from watermark)
        and execution_date <= {{ new_york_today() }}

    union

    select removed.security_id
    from ({{ newly_removed_bars(this) }}) as removed
),

due as materialized (
    select periods.ticker
    from {{ ref('int_polygon__ticker_periods') }} as periods
    where periods.security_id in (select security_id from changed)

    union

    select tickers.ticker
    from {{ ref('stg_polygon__tickers') }} as tickers
    where tickers.inserted_at > (select inserted_at from watermark)
)
{% else %}
due as materialized (
    select ticker
    from {{ ref('dim_tickers') }}
    where last_trade_date is not null
)
{% endif %}

select
    newest.stock_bar_id,
    newest.ticker,
    newest.trade_date,
    newest.security_id,
    tickers.name,
    tickers.type,
    {% for column in [
        'open_price', 'high_price', 'low_price', 'close_price', 'volume_weighted_average_price', 'volume', 'transactions',
        'split_factor', 'dividend_factor', 'total_return_close', 'previous_close', 'price_change_1d', 'return_1d', 'return_5d',
        'return_21d', 'return_63d', 'return_252d', 'daily_price_range', 'dollar_volume', 'moving_avg_20d', 'moving_avg_50d',
        'moving_avg_120d', 'moving_avg_200d', 'volatility_20d', 'volatility_60d', 'rsi_14', 'bollinger_upper_20d',
        'bollinger_lower_20d', 'atr_14', 'high_252d', 'low_252d', 'distance_from_high_252d', 'distance_from_low_252d',
        'drawdown_252d', 'avg_volume_20d', 'volume_ratio_20d'
    ] %}
    newest.{{ column }},
    {% endfor %}
    greatest(newest.source_inserted_at, tickers.inserted_at) as source_inserted_at
from due
cross join lateral (
    select *
    from {{ ref('fct_polygon__stock_bars_performance') }} as bars
    where bars.ticker = due.ticker
    order by bars.trade_date desc
    limit 1
) as newest
left join {{ ref('stg_polygon__tickers') }} as tickers on tickers.ticker = due.ticker
