{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='trade_date',
        on_schema_change='fail',
        meta={'rebuild_after_parents': true},
        indexes=[{'columns': ['trade_date'], 'unique': true}]
    )
}}

-- The market of each session, counted from the fact table. What changes in a session may change the 252 after it, so those from
-- the first changed one on are due; on most days that is the newest alone. A split rounds the prices of all its ticker's history
-- anew, so all that history is due.
--
-- depends_on: {{ ref('stg_polygon__splits') }}
{% if is_incremental() %}
with watermark as materialized (
    select coalesce(max(source_inserted_at), '-infinity') as inserted_at from {{ this }}
),

due as materialized (
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
                    -- + 0, or the planner goes through all dates from the first on, in search of a changed row.
                    select min(trade_date + 0)
                    from {{ ref('fct_polygon__stock_bars_performance') }}
                    where source_inserted_at > (select inserted_at from watermark) and source_inserted_at < 'infinity'
                )
        end as first_date
)
{% endif %}

select
    trade_date,
    count(*) as tickers,
    count(*) filter (where return_1d > 0) as advancing,
    count(*) filter (where return_1d < 0) as declining,
    count(*) filter (where return_1d = 0) as unchanged,
    count(*) filter (where return_252d is not null and high_price >= high_252d) as new_highs_252d,
    count(*) filter (where return_252d is not null and low_price <= low_252d) as new_lows_252d,
    round(avg((close_price > moving_avg_50d)::int), 8) as share_above_moving_avg_50d,
    round(avg((close_price > moving_avg_200d)::int), 8) as share_above_moving_avg_200d,
    round((percentile_cont(0.5) within group (order by return_1d))::numeric, 10) as median_return_1d,
    sum(dollar_volume) as dollar_volume,
    max(source_inserted_at) as source_inserted_at
from {{ ref('fct_polygon__stock_bars_performance') }}
{% if is_incremental() %}
where trade_date >= (select first_date from due) and trade_date <= 'infinity'
{% endif %}
group by trade_date
