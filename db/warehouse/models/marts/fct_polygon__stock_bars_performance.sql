{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['ticker', 'trade_date'],
        on_schema_change='fail',
        meta={'rebuild_below': 0.5},
        indexes=[
            {'columns': ['ticker', 'trade_date'], 'unique': true},
            {'columns': ['source_inserted_at']}
        ]
    )
}}

-- dbt cannot see what only an incremental build reads:
-- depends_on: {{ ref('stg_polygon__stock_bars_casted') }}
-- depends_on: {{ ref('stg_polygon__splits') }}
-- depends_on: {{ ref('int_polygon__dividend_factors') }}
{% set history = 'ticker, write_from' if is_incremental() else 'ticker' %}

with

{% if is_incremental() %}
due as materialized (
    {{ due_ranges(this) }}
),

bars as (
    select
        due.write_from,
        greatest(enriched.dividend_factor_from_here, due.dividend_factor_before) as dividend_factor_known,
        enriched.*
    from due
    inner join {{ ref('int_polygon__stock_bars_enriched') }} as enriched
        on
            enriched.ticker = due.ticker
            and enriched.trade_date >= due.read_from
            and enriched.trade_date <= due.write_to
    where not due.is_append
),
{% else %}
bars as (
    select
        dividend_factor_from_here as dividend_factor_known,
        *
    from {{ ref('int_polygon__stock_bars_enriched') }}
),
{% endif %}

-- A moving average is a difference of running sums. Sums of numerics are exact, so where a sum began does not matter, and
-- one pass in one order serves every length; moving frames took half as long again.
closes as (
    select
        *,
        row_number() over sessions as position,
        {% for length in [5, 21, 63, 252] %}
        lag(close_price, {{ length }}) over sessions as close_{{ length }}d_ago,
        {% endfor %}
        lag(close_price) over sessions as previous_close,
        sum(close_price) over sessions as close_sum,
        -- Factors of a ticker only grow, so the largest so far is the last.
        coalesce(max(dividend_factor_known) over sessions, 1) as dividend_factor,
        -- Here, and not in a query around it, where the planner would copy the division into each place that uses it.
        round(close_price / nullif(lag(close_price) over sessions, 0) - 1, 10) as return_1d
    from bars
    window sessions as (partition by {{ history }} order by trade_date rows unbounded preceding)
),

windows as (
    select
        *,
        {% for length in [20, 50, 120, 200] %}
        close_sum - lag(close_sum, {{ length }}, 0::numeric) over sessions as close_sum_{{ length }}d,
        {% endfor %}
        count(return_1d) over last_20_sessions as return_count_20d,
        stddev_samp(return_1d) over last_20_sessions as return_deviation_20d
    from closes
    window
        sessions as (partition by {{ history }} order by trade_date rows unbounded preceding),
        last_20_sessions as (partition by {{ history }} order by trade_date rows 19 preceding)
    {% if is_incremental() %}
    union all
    {{ appended_windows('due', this) }}
    {% endif %}
)

select
    ticker || '_' || trade_date::text as stock_bar_id,
    ticker,
    trade_date,
    open_price,
    high_price,
    low_price,
    close_price,
    volume_weighted_average_price,
    volume,
    transactions,
    split_factor,
    dividend_factor,
    round(close_price * dividend_factor, 6) as total_return_close,
    previous_close,
    close_price - previous_close as price_change_1d,
    return_1d,
    {% for length in [5, 21, 63, 252] %}
    round(close_price / nullif(close_{{ length }}d_ago, 0) - 1, 10) as return_{{ length }}d,
    {% endfor %}
    high_price - low_price as daily_price_range,
    round(close_price * volume, 2) as dollar_volume,
    case when position >= 20 then round(close_sum_20d / 20, 8) end as moving_avg_20d,
    case when position >= 50 then round(close_sum_50d / 50, 8) end as moving_avg_50d,
    case when position >= 120 then round(close_sum_120d / 120, 8) end as moving_avg_120d,
    case when position >= 200 then round(close_sum_200d / 200, 8) end as moving_avg_200d,
    case when return_count_20d = 20 then round(return_deviation_20d * sqrt(252::numeric), 10) end as volatility_20d,
    source_inserted_at
from windows
{% if is_incremental() %}
where trade_date >= write_from
{% endif %}
