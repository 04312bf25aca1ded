{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['ticker', 'trade_date'],
        on_schema_change='fail',
        pre_hook="{{ delete_removed_bars(this) }}",
        meta={
            'rebuild_below': 0.5,
            'independent_by': {'column': 'security_id', 'keys_of': 'int_polygon__security_bars'}
        },
        indexes=[
            {'columns': ['ticker', 'trade_date'], 'unique': true},
            {'columns': ['security_id', 'trade_date']},
            {'columns': ['trade_date']},
            {'columns': ['source_inserted_at']}
        ]
    )
}}

-- dbt cannot see what only an incremental build reads:
-- depends_on: {{ ref('stg_polygon__stock_bars_casted') }}
-- depends_on: {{ ref('stg_polygon__dividends') }}
-- depends_on: {{ ref('int_polygon__ticker_periods') }}
-- depends_on: {{ ref('int_polygon__security_bars') }}
-- depends_on: {{ ref('int_polygon__security_splits') }}
-- depends_on: {{ ref('int_polygon__security_removed_bars') }}
-- depends_on: {{ ref('int_polygon__split_factors') }}
-- depends_on: {{ ref('int_polygon__dividend_factors') }}
{% set history = 'security_id, write_from' if is_incremental() else 'security_id' %}

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
            enriched.security_id = due.security_id
            and enriched.trade_date >= due.read_from
            and enriched.trade_date <= due.write_to
),
{% else %}
bars as (
    select
        dividend_factor_from_here as dividend_factor_known,
        *
    from {{ ref('int_polygon__stock_bars_enriched') }}
),
{% endif %}

-- Each mean and deviation over a window is made of differences of running sums. Sums of numerics are exact, so where a sum began
-- does not matter, and one pass in one order serves every length; moving frames took half as long again. What the windows read
-- comes first in each row, as a look at another row takes it apart up to there: that is a quarter of all the time.
closes as (
    select
        close_price,
        high_price,
        low_price,
        volume,
        dividend_factor_known,
        row_number() over sessions as position,
        sum(close_price) over sessions as close_sum,
        sum(close_price * close_price) over sessions as close_square_sum,
        sum(volume) over sessions as volume_sum,
        -- Here, and not in a query around it, where the planner would copy each into every place that uses it.
        close_price - lag(close_price) over sessions as price_change_1d,
        round(exact_close_price / nullif(lag(exact_close_price) over sessions, 0) - 1, 10) as return_1d,
        greatest(high_price, lag(close_price) over sessions) - least(low_price, lag(close_price) over sessions) as true_range,
        lag(close_price) over sessions as previous_close,
        {% for length in [5, 21, 63, 252] %}
        lag(close_price, {{ length }}) over sessions as close_{{ length }}d_ago,
        {% endfor %}
        -- Factors of a security only grow, so the largest so far is the last.
        coalesce(max(dividend_factor_known) over sessions, 1) as dividend_factor,
        {{ target.schema }}.moving_max(high_price) over last_252_sessions as high_252d,
        {{ target.schema }}.moving_min(low_price) over last_252_sessions as low_252d,
        {{ target.schema }}.moving_max(close_price) over last_252_sessions as close_high_252d,
        {{ history }},
        ticker,
        trade_date,
        open_price,
        volume_weighted_average_price,
        transactions,
        split_factor,
        dollar_volume,
        source_inserted_at
    from bars
    window
        sessions as (partition by {{ history }} order by trade_date rows unbounded preceding),
        last_252_sessions as (partition by {{ history }} order by trade_date rows 251 preceding)
),

sums as (
    select
        close_sum,
        close_square_sum,
        volume_sum,
        return_1d,
        price_change_1d,
        true_range,
        sum(return_1d) over sessions as return_sum,
        sum(return_1d * return_1d) over sessions as return_square_sum,
        sum(greatest(price_change_1d, 0)) over sessions as gain_sum,
        sum(abs(price_change_1d)) over sessions as move_sum,
        sum(true_range) over sessions as true_range_sum,
        {% for length in [20, 50, 120, 200] %}
        close_sum - lag(close_sum, {{ length }}, 0::numeric) over sessions as close_sum_{{ length }}d,
        {% endfor %}
        close_square_sum - lag(close_square_sum, 20, 0::numeric) over sessions as close_square_sum_20d,
        volume_sum - lag(volume_sum, 20, 0::numeric) over sessions as volume_sum_20d,
        {{ history }},
        ticker,
        trade_date,
        position,
        close_price,
        high_price,
        low_price,
        volume,
        previous_close,
        {% for length in [5, 21, 63, 252] %}
        close_{{ length }}d_ago,
        {% endfor %}
        dividend_factor,
        high_252d,
        low_252d,
        close_high_252d,
        open_price,
        volume_weighted_average_price,
        transactions,
        split_factor,
        dollar_volume,
        source_inserted_at
    from closes
    window sessions as (partition by {{ history }} order by trade_date rows unbounded preceding)
),

windows as (
    select
        {% for length in [20, 60] %}
        return_sum - coalesce(lag(return_sum, {{ length }}) over sessions, 0) as return_sum_{{ length }}d,
        return_square_sum - coalesce(lag(return_square_sum, {{ length }}) over sessions, 0) as return_square_sum_{{ length }}d,
        {% endfor %}
        gain_sum - lag(gain_sum, 14) over sessions as gain_sum_14d,
        move_sum - coalesce(lag(move_sum, 14) over sessions, 0) as move_sum_14d,
        true_range_sum - lag(true_range_sum, 14) over sessions as true_range_sum_14d,
        return_1d,
        price_change_1d,
        close_sum_20d,
        close_sum_50d,
        close_sum_120d,
        close_sum_200d,
        sqrt(20 * close_square_sum_20d - close_sum_20d * close_sum_20d) as close_deviation_20d,
        volume_sum_20d,
        position,
        {% if is_incremental() %}
        write_from,
        {% endif %}
        security_id,
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
        dollar_volume,
        dividend_factor,
        source_inserted_at,
        previous_close,
        {% for length in [5, 21, 63, 252] %}
        close_{{ length }}d_ago,
        {% endfor %}
        high_252d,
        low_252d,
        close_high_252d
    from sums
    window sessions as (partition by {{ history }} order by trade_date rows unbounded preceding)
    {% if is_incremental() %}

    union all

    {{ appended_windows(this) }}
    {% endif %}
),

facts as (
    select
        ticker || '_' || trade_date::text as stock_bar_id,
        ticker,
        trade_date,
        security_id,
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
        price_change_1d,
        return_1d,
        {% for length in [5, 21, 63, 252] %}
        round(close_price / nullif(close_{{ length }}d_ago, 0) - 1, 10) as return_{{ length }}d,
        {% endfor %}
        high_price - low_price as daily_price_range,
        dollar_volume,
        {% for length in [20, 50, 120, 200] %}
        case when position >= {{ length }} then round(close_sum_{{ length }}d / {{ length }}, 8) end as moving_avg_{{ length }}d,
        {% endfor %}
        {% for length in [20, 60] %}
        -- A sample's variance is (n × sum of squares - square of the sum) / n / (n - 1); a year's is 252 times that.
        case
            when position > {{ length }}
                then
                    round(
                        sqrt(
                            ({{ length }} * return_square_sum_{{ length }}d - return_sum_{{ length }}d * return_sum_{{ length }}d)
                            * 252 / {{ length * (length - 1) }}
                        ),
                        10
                    )
        end as volatility_{{ length }}d,
        {% endfor %}
        case when position > 14 then round(coalesce(100 * gain_sum_14d / nullif(move_sum_14d, 0), 50), 6) end as rsi_14,
        {% for side, sign in [('upper', '+'), ('lower', '-')] %}
        case
            when position >= 20
                then
                    round((close_sum_20d {{ sign }} 2 * close_deviation_20d) / 20, 8)
        end as bollinger_{{ side }}_20d,
        {% endfor %}
        case when position > 14 then round(true_range_sum_14d / 14, 8) end as atr_14,
        high_252d,
        low_252d,
        round(close_price / nullif(high_252d, 0) - 1, 10) as distance_from_high_252d,
        round(close_price / nullif(low_252d, 0) - 1, 10) as distance_from_low_252d,
        round(close_price / nullif(close_high_252d, 0) - 1, 10) as drawdown_252d,
        case when position >= 20 then round(volume_sum_20d * 0.05, greatest(scale(volume), 6)) end as avg_volume_20d,
        case when position >= 20 then round(volume * 20 / nullif(volume_sum_20d, 0), 8) end as volume_ratio_20d,
        source_inserted_at
    from windows
    {% if is_incremental() %}
    where trade_date >= write_from
    {% endif %}
)

-- A split writes all of its security's history anew, and of almost none of it the market's breadth counts anything else than before:
-- that of ten years need not be counted again.
select
    facts.*,
    {% if is_incremental() %}
    case
        when published.ticker is null then now()
        when {{ counted_in_breadth('facts') }} is distinct from {{ counted_in_breadth('published') }} then now()
        when
            (
                select enriched.bar_inserted_at
                from {{ ref('int_polygon__stock_bars_enriched') }} as enriched
                where
                    enriched.security_id = facts.security_id
                    and enriched.ticker = facts.ticker
                    and enriched.trade_date = facts.trade_date
            ) > {{ watermark(this) }} then now()
        else coalesce(published.breadth_changed_at, '-infinity')
    end as breadth_changed_at
    {% else %}
    null::timestamptz as breadth_changed_at
    {% endif %}
from facts
{% if is_incremental() %}
-- `offset 0` keeps it a look-up by key: the planner knows too little of how few rows there are to look up.
left join lateral (
    select *
    from {{ this }} as target
    where target.ticker = facts.ticker and target.trade_date = facts.trade_date
    offset 0
) as published on true
{% endif %}
