{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='trade_date',
        on_schema_change='fail',
        pre_hook="{{ delete_empty_sessions(this) }}",
        meta={'rebuild_after_parents': true},
        indexes=[{'columns': ['trade_date'], 'unique': true}]
    )
}}

-- The market of each session, counted from the fact table. Due is a session of which a row counts for something else than it did.
--
-- depends_on: {{ ref('int_polygon__ticker_periods') }}
-- depends_on: {{ ref('stg_polygon__stock_bars_casted') }}
-- depends_on: {{ ref('int_polygon__security_splits') }}
-- depends_on: {{ ref('int_polygon__security_removed_bars') }}
-- depends_on: {{ ref('int_polygon__dividend_factors') }}
with

{% if is_incremental() %}
seen as materialized (
    select coalesce(max(breadth_changed_at), '-infinity') as changed_at from {{ this }}
),

-- What the fact table has written anew since: from a changed bar on, and all of a security with a changed split or with other bars than it had.
written as materialized (
    select
        security_id,
        min(trade_date) as first_date
    from (
        select * from ({{ changed_bars(this) }}) as changed_bars

        union all

        select
            security_id,
            '-infinity'::date as trade_date
        from ({{ changed_securities(this) }}) as changed_securities
    ) as changed
    group by security_id
),

due as materialized (
    select distinct fact.trade_date
    from written
    {% set written_since %}
            fact.security_id = written.security_id
            and fact.trade_date >= written.first_date
            -- Of a table that was built whole nobody knows what it counted before.
            and (fact.breadth_changed_at > (select changed_at from seen) or fact.breadth_changed_at is null)
    {% endset %}
    {{ looked_up(ref('fct_polygon__stock_bars_performance'), 'fact', written_since) }}

    union

    select removed.trade_date
    from ({{ newly_removed_bars(this) }}) as removed
),
{% endif %}

-- Apart from the medians, as a query with one is not counted by several processes.
counts as (
    select
        trade_date,
        count(*) as tickers,
        count(*) filter (where return_1d > 0) as advancing,
        count(*) filter (where return_1d < 0) as declining,
        count(*) filter (where return_1d = 0) as unchanged,
        count(return_252d) as whole_years,
        count(*) filter (where return_252d is not null and high_price >= high_252d) as new_highs_252d,
        count(*) filter (where return_252d is not null and low_price <= low_252d) as new_lows_252d,
        round(avg((close_price > moving_avg_50d)::int), 8) as share_above_moving_avg_50d,
        round(avg((close_price > moving_avg_200d)::int), 8) as share_above_moving_avg_200d,
        sum(dollar_volume) as dollar_volume,
        max(source_inserted_at) as source_inserted_at,
        max(breadth_changed_at) as breadth_changed_at
    from {{ ref('fct_polygon__stock_bars_performance') }}
    {% if is_incremental() %}
    -- An array, for the planner: it takes one for a few dates, which it finds by the index.
    where trade_date = any(array(select trade_date from due))
    {% endif %}
    group by trade_date
),

medians as (
    select
        trade_date,
        round((percentile_cont(0.5) within group (order by return_1d))::numeric, 10) as median_return_1d
    from {{ ref('fct_polygon__stock_bars_performance') }}
    {% if is_incremental() %}
    where trade_date = any(array(select trade_date from due))
    {% endif %}
    group by trade_date
)

select
    counts.trade_date,
    counts.tickers,
    counts.advancing,
    counts.declining,
    counts.unchanged,
    -- Before any ticker has a whole year behind it, nobody knows of new highs: that is not none.
    case when counts.whole_years > 0 then counts.new_highs_252d end as new_highs_252d,
    case when counts.whole_years > 0 then counts.new_lows_252d end as new_lows_252d,
    counts.share_above_moving_avg_50d,
    counts.share_above_moving_avg_200d,
    medians.median_return_1d,
    counts.dollar_volume,
    counts.source_inserted_at,
    counts.breadth_changed_at
from counts
inner join medians on medians.trade_date = counts.trade_date
