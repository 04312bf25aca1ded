{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='trade_date',
        on_schema_change='fail',
        indexes=[{'columns': ['trade_date'], 'unique': true}]
    )
}}

-- The market of each session, counted from the fact table. What changes in a session may change every session after it, so
-- those from the first changed one on are due; on most days that is the newest alone. A split rounds the prices of all its
-- ticker's history anew, so all that history is due.
--
-- depends_on: {{ ref('fct_polygon__latest_session') }}
-- depends_on: {{ ref('stg_polygon__splits') }}
with

{% if is_incremental() %}
watermark as materialized (
    select coalesce(max(source_inserted_at), '-infinity') as inserted_at from {{ this }}
),

due as materialized (
    select
        first_date,
        first_date >= (select max(trade_date) from {{ ref('fct_polygon__latest_session') }}) as is_newest
    from (
        select
            case
                when exists (
                    select
                    from {{ ref('stg_polygon__splits') }}
                    where
                        execution_date >= (select (inserted_at at time zone 'America/New_York')::date from watermark)
                        and execution_date <= {{ new_york_today() }}
                ) then '-infinity'
                else
                    (
                        select min(trade_date)
                        from {{ ref('fct_polygon__stock_bars_performance') }}
                        where source_inserted_at > (select inserted_at from watermark) and source_inserted_at < 'infinity'
                    )
            end as first_date
    ) as changed
),

bars as (
    select bars.*
    from {{ ref('fct_polygon__latest_session') }} as tickers
    inner join {{ ref('fct_polygon__stock_bars_performance') }} as bars
        on bars.ticker = tickers.ticker and bars.trade_date >= (select first_date from due)
),

-- Bars from the 252 before the first due session on, where that is not the newest, of the tickers that have so many.
long_bars as (
    select bars.*
    from {{ ref('fct_polygon__latest_session') }} as tickers
    inner join {{ ref('fct_polygon__stock_bars_performance') }} as bars
        on
            bars.ticker = tickers.ticker
            and bars.trade_date >= coalesce(
                (
                    select before.trade_date
                    from {{ ref('fct_polygon__stock_bars_performance') }} as before
                    where before.ticker = tickers.ticker and before.trade_date < (select first_date from due)
                    order by before.trade_date desc
                    offset 251 limit 1
                ),
                '-infinity'
            )
    where not (select is_newest from due) and tickers.return_252d is not null
),
{% else %}
bars as (
    select * from {{ ref('fct_polygon__stock_bars_performance') }}
),

long_bars as (
    select *
    from bars
    where ticker in (select ticker from bars where return_252d is not null)
),
{% endif %}

-- The highest of the last 252 bars, without looking at 252 for each: the bars are cut into blocks of 252, so that the last 252
-- are the rest of one block and the beginning of the next, and the highest of each part comes from a running maximum, of the
-- one backwards and of the other forwards (van Herk, Gil and Werman).
positions as (
    select
        ticker,
        trade_date,
        high_price,
        low_price,
        return_252d is not null as is_full,
        (row_number() over (partition by ticker order by trade_date) - 1) / 252 as block
    from long_bars
),

blocks as (
    select
        *,
        max(high_price) over rest_of_block as high_of_rest,
        min(low_price) over rest_of_block as low_of_rest
    from positions
    window rest_of_block as (partition by ticker, block order by trade_date desc rows unbounded preceding)
),

extremes as (
    select
        trade_date,
        is_full,
        high_price >= greatest(max(high_price) over block_so_far, lag(high_of_rest, 251) over bars_so_far) as is_high,
        low_price <= least(min(low_price) over block_so_far, lag(low_of_rest, 251) over bars_so_far) as is_low
    from blocks
    window
        block_so_far as (partition by ticker, block order by trade_date rows unbounded preceding),
        bars_so_far as (partition by ticker order by block, trade_date rows unbounded preceding)
),

new_extremes as (
    select
        trade_date,
        count(*) filter (where is_full and is_high) as new_highs_252d,
        count(*) filter (where is_full and is_low) as new_lows_252d
    from extremes
    group by trade_date
    {% if is_incremental() %}

    union all

    select
        trade_date,
        count(*) filter (where return_252d is not null and high_price >= high_252d) as new_highs_252d,
        count(*) filter (where return_252d is not null and low_price <= low_252d) as new_lows_252d
    from {{ ref('fct_polygon__latest_session') }}
    where (select is_newest from due)
    group by trade_date
    {% endif %}
),

counts as (
    select
        trade_date,
        count(*) as tickers,
        count(*) filter (where return_1d > 0) as advancing,
        count(*) filter (where return_1d < 0) as declining,
        count(*) filter (where return_1d = 0) as unchanged,
        round(avg((close_price > moving_avg_50d)::int), 8) as share_above_moving_avg_50d,
        round(avg((close_price > moving_avg_200d)::int), 8) as share_above_moving_avg_200d,
        round((percentile_cont(0.5) within group (order by return_1d))::numeric, 10) as median_return_1d,
        sum(dollar_volume) as dollar_volume,
        max(source_inserted_at) as source_inserted_at
    from bars
    group by trade_date
)

select
    counts.trade_date,
    counts.tickers,
    counts.advancing,
    counts.declining,
    counts.unchanged,
    coalesce(new_extremes.new_highs_252d, 0) as new_highs_252d,
    coalesce(new_extremes.new_lows_252d, 0) as new_lows_252d,
    counts.share_above_moving_avg_50d,
    counts.share_above_moving_avg_200d,
    counts.median_return_1d,
    counts.dollar_volume,
    counts.source_inserted_at
from counts
left join new_extremes on new_extremes.trade_date = counts.trade_date
