-- What a person with a folder of raw answers and DuckDB would run: the indicators of fct_polygon__stock_bars_performance as plain moving
-- windows in double precision, adjusted for splits. Run in the folder that has raw/ and splits.json.
set threads = 2;

create table bars as
select
    answer.T as ticker,
    cast(regexp_extract(filename, '\d{4}-\d{2}-\d{2}') as date) as trade_date,
    answer.o as open,
    answer.h as high,
    answer.l as low,
    answer.c as close,
    answer.v as volume,
    answer.vw as vwap,
    answer.n as transactions
from (
    select filename, unnest(results) as answer
    from read_json(
        'raw/*.json.gz',
        filename = true,
        maximum_object_size = 67108864,
        columns = {
            results: 'STRUCT(T VARCHAR, o DOUBLE, h DOUBLE, l DOUBLE, c DOUBLE, v DOUBLE, vw DOUBLE, n BIGINT)[]'
        }
    )
);

create table split_factors as
select
    ticker,
    lag(execution_date, 1, date '1900-01-01') over (partition by ticker order by execution_date) as valid_from,
    execution_date as valid_before,
    product(split_from / split_to) over (partition by ticker order by execution_date desc) as factor
from read_json(
    'splits.json',
    columns = {ticker: 'VARCHAR', execution_date: 'DATE', split_from: 'DOUBLE', split_to: 'DOUBLE'}
);

create table facts as
with factored as (
    select bars.*, coalesce(split_factors.factor, 1) as factor
    from bars
    left join split_factors
        on
            split_factors.ticker = bars.ticker
            and bars.trade_date >= split_factors.valid_from
            and bars.trade_date < split_factors.valid_before
),

adjusted as (
    select
        ticker,
        trade_date,
        open * factor as open_price,
        high * factor as high_price,
        low * factor as low_price,
        close * factor as close_price,
        vwap * factor as volume_weighted_average_price,
        volume / factor as volume,
        transactions,
        factor as split_factor,
        close * volume as dollar_volume
    from factored
),

closes as (
    select
        *,
        row_number() over history as position,
        lag(close_price) over history as previous_close,
        lag(close_price, 5) over history as close_5d_ago,
        lag(close_price, 21) over history as close_21d_ago,
        lag(close_price, 63) over history as close_63d_ago,
        lag(close_price, 252) over history as close_252d_ago,
        avg(close_price) over last_20 as average_20d,
        avg(close_price) over last_50 as average_50d,
        avg(close_price) over last_120 as average_120d,
        avg(close_price) over last_200 as average_200d,
        stddev_pop(close_price) over last_20 as deviation_20d,
        avg(volume) over last_20 as average_volume_20d,
        max(high_price) over last_252 as high_252d,
        min(low_price) over last_252 as low_252d,
        max(close_price) over last_252 as close_high_252d
    from adjusted
    window
        history as (partition by ticker order by trade_date),
        last_20 as (partition by ticker order by trade_date rows 19 preceding),
        last_50 as (partition by ticker order by trade_date rows 49 preceding),
        last_120 as (partition by ticker order by trade_date rows 119 preceding),
        last_200 as (partition by ticker order by trade_date rows 199 preceding),
        last_252 as (partition by ticker order by trade_date rows 251 preceding)
),

changes as (
    select
        *,
        close_price - previous_close as price_change_1d,
        close_price / nullif(previous_close, 0) - 1 as return_1d,
        greatest(high_price, previous_close) - least(low_price, previous_close) as true_range
    from closes
),

moved as (
    select
        *,
        stddev_samp(return_1d) over last_20 as return_deviation_20d,
        stddev_samp(return_1d) over last_60 as return_deviation_60d,
        sum(greatest(price_change_1d, 0)) over last_14 as gain_14d,
        sum(abs(price_change_1d)) over last_14 as move_14d,
        avg(true_range) over last_14 as true_range_14d
    from changes
    window
        last_14 as (partition by ticker order by trade_date rows 13 preceding),
        last_20 as (partition by ticker order by trade_date rows 19 preceding),
        last_60 as (partition by ticker order by trade_date rows 59 preceding)
)

select
    ticker || '_' || cast(trade_date as varchar) as stock_bar_id,
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
    previous_close,
    price_change_1d,
    return_1d,
    close_price / nullif(close_5d_ago, 0) - 1 as return_5d,
    close_price / nullif(close_21d_ago, 0) - 1 as return_21d,
    close_price / nullif(close_63d_ago, 0) - 1 as return_63d,
    close_price / nullif(close_252d_ago, 0) - 1 as return_252d,
    high_price - low_price as daily_price_range,
    dollar_volume,
    case when position >= 20 then average_20d end as moving_avg_20d,
    case when position >= 50 then average_50d end as moving_avg_50d,
    case when position >= 120 then average_120d end as moving_avg_120d,
    case when position >= 200 then average_200d end as moving_avg_200d,
    case when position > 20 then return_deviation_20d * sqrt(252) end as volatility_20d,
    case when position > 60 then return_deviation_60d * sqrt(252) end as volatility_60d,
    case when position > 14 then coalesce(100 * gain_14d / nullif(move_14d, 0), 50) end as rsi_14,
    case when position >= 20 then average_20d + 2 * deviation_20d end as bollinger_upper_20d,
    case when position >= 20 then average_20d - 2 * deviation_20d end as bollinger_lower_20d,
    case when position > 14 then true_range_14d end as atr_14,
    high_252d,
    low_252d,
    close_price / nullif(high_252d, 0) - 1 as distance_from_high_252d,
    close_price / nullif(low_252d, 0) - 1 as distance_from_low_252d,
    close_price / nullif(close_high_252d, 0) - 1 as drawdown_252d,
    case when position >= 20 then average_volume_20d end as avg_volume_20d,
    case when position >= 20 then volume / nullif(average_volume_20d, 0) end as volume_ratio_20d
from moved;
