{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='ticker',
        on_schema_change='fail',
        indexes=[
            {'columns': ['ticker'], 'unique': true},
            {'columns': ['source_inserted_at']}
        ]
    )
}}

-- One row a ticker: its newest row of the fact table, its name, and the indicators that are wanted of the newest bar. Each of
-- those looks back over the ticker's last rows, once. For every bar of the whole market they would take as long again as all
-- the rest of the fact table.
--
-- Every change of a ticker stamps one of its rows, so it is due where a row is stamped since; and where its day has come for
-- a split, whose day of the watermark is looked at again.
-- depends_on: {{ ref('dim_tickers') }}
-- depends_on: {{ ref('stg_polygon__splits') }}
with

{% if is_incremental() %}
watermark as materialized (
    select coalesce(max(source_inserted_at), '-infinity') as inserted_at from {{ this }}
),

due as materialized (
    select ticker
    from {{ ref('fct_polygon__stock_bars_performance') }}
    where source_inserted_at > (select inserted_at from watermark) and source_inserted_at < 'infinity'

    union

    select tickers.ticker
    from {{ ref('stg_polygon__tickers') }} as tickers
    where tickers.inserted_at > (select inserted_at from watermark)

    union

    select ticker
    from {{ ref('stg_polygon__splits') }}
    where
        execution_date >= (select (inserted_at at time zone 'America/New_York')::date from watermark)
        and execution_date <= {{ new_york_today() }}
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
    tickers.name,
    tickers.type,
    {% for column in [
        'open_price', 'high_price', 'low_price', 'close_price', 'volume_weighted_average_price', 'volume', 'transactions',
        'split_factor', 'dividend_factor', 'total_return_close', 'previous_close', 'price_change_1d', 'return_1d', 'return_5d',
        'return_21d', 'return_63d', 'return_252d', 'daily_price_range', 'dollar_volume', 'moving_avg_20d', 'moving_avg_50d',
        'moving_avg_120d', 'moving_avg_200d', 'volatility_20d'
    ] %}
    newest.{{ column }},
    {% endfor %}
    case when last_bars.return_count_60d = 60 then round(last_bars.return_deviation_60d * sqrt(252::numeric), 10) end
        as volatility_60d,
    case
        when last_bars.change_count_14d = 14
            then round(coalesce(100 * last_bars.gain_sum_14d / nullif(last_bars.move_sum_14d, 0), 50), 6)
    end as rsi_14,
    round(newest.moving_avg_20d + 2 * last_bars.close_deviation_20d, 8) as bollinger_upper_20d,
    round(newest.moving_avg_20d - 2 * last_bars.close_deviation_20d, 8) as bollinger_lower_20d,
    case when last_bars.change_count_14d = 14 then round(last_bars.true_range_14d, 8) end as atr_14,
    extremes.high_252d,
    extremes.low_252d,
    round(newest.close_price / nullif(extremes.high_252d, 0) - 1, 10) as distance_from_high_252d,
    round(newest.close_price / nullif(extremes.low_252d, 0) - 1, 10) as distance_from_low_252d,
    round(newest.close_price / nullif(extremes.close_high_252d, 0) - 1, 10) as drawdown_252d,
    case when newest.moving_avg_20d is not null then round(last_bars.volume_20d, 6) end as avg_volume_20d,
    case when newest.moving_avg_20d is not null then round(newest.volume / nullif(last_bars.volume_20d, 0), 8) end
        as volume_ratio_20d,
    greatest(newest.source_inserted_at, tickers.inserted_at) as source_inserted_at
from due
cross join lateral (
    select *
    from {{ ref('fct_polygon__stock_bars_performance') }} as bars
    where bars.ticker = due.ticker
    order by bars.trade_date desc
    limit 1
) as newest
cross join lateral (
    select
        count(return_1d) filter (where position <= 60) as return_count_60d,
        stddev_samp(return_1d) filter (where position <= 60) as return_deviation_60d,
        count(price_change_1d) filter (where position <= 14) as change_count_14d,
        sum(greatest(price_change_1d, 0)) filter (where position <= 14) as gain_sum_14d,
        sum(abs(price_change_1d)) filter (where position <= 14) as move_sum_14d,
        avg(greatest(high_price, previous_close) - least(low_price, previous_close)) filter (where position <= 14)
            as true_range_14d,
        stddev_pop(close_price) filter (where position <= 20) as close_deviation_20d,
        avg(volume) filter (where position <= 20) as volume_20d
    from (
        select
            bars.high_price,
            bars.low_price,
            bars.close_price,
            bars.volume,
            bars.previous_close,
            bars.price_change_1d,
            bars.return_1d,
            row_number() over (order by bars.trade_date desc) as position
        from {{ ref('fct_polygon__stock_bars_performance') }} as bars
        where bars.ticker = due.ticker
        order by bars.trade_date desc
        limit 60
    ) as numbered
) as last_bars
-- Apart, as numbering 252 rows costs more than reading them.
cross join lateral (
    select
        max(high_price) as high_252d,
        min(low_price) as low_252d,
        max(close_price) as close_high_252d
    from (
        select
            bars.high_price,
            bars.low_price,
            bars.close_price
        from {{ ref('fct_polygon__stock_bars_performance') }} as bars
        where bars.ticker = due.ticker
        order by bars.trade_date desc
        limit 252
    ) as year
) as extremes
left join {{ ref('stg_polygon__tickers') }} as tickers on tickers.ticker = due.ticker
