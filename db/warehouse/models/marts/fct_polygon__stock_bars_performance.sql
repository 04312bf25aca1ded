{{ config(materialized='view') }}

-- The windows' sums as the indicators that people know, worked out as they are read: a ticker and a session go down to the table's own
-- indexes, and a column that nobody reads costs nothing.
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
    close_price - previous_close as price_change_1d,
    return_1d,
    {% for length in [5, 21, 63, 252] %}
    round(close_price / nullif(close_{{ length }}d_ago, 0) - 1, 10) as return_{{ length }}d,
    {% endfor %}
    high_price - low_price as daily_price_range,
    dollar_volume,
    {% for length in [20, 50, 120, 200] %}
    {{ moving_average('windows', length) }} as moving_avg_{{ length }}d,
    {% endfor %}
    {% for length in [20, 60] %}
    -- A sample's variance is (n × sum of squares - square of the sum) / n / (n - 1); a year's is 252 times that.
    round(
        sqrt(
            ({{ length }} * return_square_sum_{{ length }}d - return_sum_{{ length }}d * return_sum_{{ length }}d)
            * 252 / {{ length * (length - 1) }}
        ),
        10
    ) as volatility_{{ length }}d,
    {% endfor %}
    case when move_sum_14d is not null then round(coalesce(100 * gain_sum_14d / nullif(move_sum_14d, 0), 50), 6) end as rsi_14,
    {% for side, sign in [('upper', '+'), ('lower', '-')] %}
    round((close_sum_20d {{ sign }} 2 * sqrt(20 * close_square_sum_20d - close_sum_20d * close_sum_20d)) / 20, 8)
        as bollinger_{{ side }}_20d,
    {% endfor %}
    round(true_range_sum_14d / 14, 8) as atr_14,
    high_252d,
    low_252d,
    round(close_price / nullif(high_252d, 0) - 1, 10) as distance_from_high_252d,
    round(close_price / nullif(low_252d, 0) - 1, 10) as distance_from_low_252d,
    round(close_price / nullif(close_high_252d, 0) - 1, 10) as drawdown_252d,
    round(volume_sum_20d * 0.05, greatest(scale(volume), 6)) as avg_volume_20d,
    round(volume * 20 / nullif(volume_sum_20d, 0), 8) as volume_ratio_20d,
    source_inserted_at,
    breadth_changed_at
from {{ ref('int_polygon__stock_bars_windows') }} as windows
