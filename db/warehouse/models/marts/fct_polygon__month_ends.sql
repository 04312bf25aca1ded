{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['ticker', 'trade_month'],
        on_schema_change='fail',
        pre_hook="{{ delete_changed_months(this) }}",
        meta={'rebuild_after_parents': true, 'gathered_by': {'column': 'ticker', 'own': 'greatest'}},
        indexes=[
            {'columns': ['ticker', 'trade_month'], 'unique': true},
            {'columns': ['trade_date']},
            {'columns': ['source_inserted_at']}
        ]
    )
}}

-- One row a ticker and month: its last bar of the month, once a later month has begun. Who ranks all tickers once a month reads
-- these, a twentieth of the rows; in the fact table they lie a month of bars apart, so that all of it would be read for them.
--
-- depends_on: {{ ref('int_polygon__ticker_periods') }}
-- depends_on: {{ ref('int_polygon__security_splits') }}
-- depends_on: {{ ref('int_polygon__security_removed_bars') }}
with current_month as materialized (
    select date_trunc('month', max(trade_date))::date as first_date
    from {{ ref('fct_polygon__market_breadth_daily') }}
),

{% if is_incremental() %}
-- Each from an index of its own.
watermark as materialized (
    select
        coalesce((select max(source_inserted_at) from {{ this }}), '-infinity') as inserted_at,
        coalesce(
            (select date_trunc('month', max(trade_date)) + interval '1 month' from {{ this }}), '-infinity'
        )::date as next_month
),

-- A changed bar is stamped, and changes the returns of the year after it, under whatever label. A split changes all of its security's
-- history on its day.
changed as materialized (
    select
        security_id,
        min(first_date) as first_date
    from (
        select security_id, trade_date as first_date
        from {{ ref('fct_polygon__stock_bars_performance') }}
        where source_inserted_at > (select inserted_at from watermark) and source_inserted_at < 'infinity'

        union all

        select security_id, '-infinity'::date as first_date
        from {{ ref('int_polygon__security_splits') }}
        where
            execution_date >= (select (inserted_at at time zone 'America/New_York')::date from watermark)
            and execution_date <= {{ new_york_today() }}

        union all

        select removed.security_id, removed.trade_date as first_date
        from ({{ newly_removed_bars(this) }}) as removed
    ) as changes
    group by security_id
),

-- A month that is over now is new for everybody.
due as materialized (
    select
        ticker,
        date_trunc('month', greatest(min(first_date), '0001-01-01'::date))::date as first_date
    from (
        select periods.ticker, greatest(changed.first_date, periods.valid_from) as first_date
        from changed
        inner join {{ ref('int_polygon__ticker_periods') }} as periods
            on periods.security_id = changed.security_id and periods.valid_to >= changed.first_date

        union all

        select latest.ticker, watermark.next_month as first_date
        from {{ ref('fct_polygon__latest_session') }} as latest
        cross join watermark
        where
            watermark.next_month < (select first_date from current_month)
            and latest.trade_date >= watermark.next_month
    ) as begun
    group by ticker
    having min(first_date) < (select first_date from current_month)
),
{% else %}
due as materialized (
    select
        ticker,
        '-infinity'::date as first_date
    from {{ ref('fct_polygon__latest_session') }}
),
{% endif %}

-- The months of each, from its first bar that is due on: a split is a change of all time, and a ticker has few years.
months as (
    select
        due.ticker,
        months.first_day::date as first_date,
        (months.first_day + interval '1 month')::date as next_month
    from due
    cross join current_month
    cross join lateral (
        select min(bars.trade_date) as trade_date
        from {{ ref('fct_polygon__stock_bars_performance') }} as bars
        where bars.ticker = due.ticker and bars.trade_date >= due.first_date
    ) as first_bar
    cross join lateral generate_series(
        date_trunc('month', first_bar.trade_date::timestamp),
        current_month.first_date - interval '1 month',
        interval '1 month'
    ) as months (first_day)
)

select
    facts.ticker,
    months.first_date as trade_month,
    facts.trade_date,
    facts.security_id,
    facts.close_price,
    facts.split_factor,
    facts.dollar_volume,
    facts.return_5d,
    facts.return_21d,
    facts.return_63d,
    facts.return_252d,
    facts.source_inserted_at
from months
-- A look-up a month, from its end: to count off all bars for their months takes longer.
cross join lateral (
    select *
    from {{ ref('fct_polygon__stock_bars_performance') }} as bars
    where bars.ticker = months.ticker and bars.trade_date >= months.first_date and bars.trade_date < months.next_month
    order by bars.trade_date desc
    limit 1
) as facts
