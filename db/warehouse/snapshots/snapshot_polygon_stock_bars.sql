{% snapshot snapshot_polygon_stock_bars %}

{{
    config(
        strategy='timestamp',
        unique_key=['ticker', 'trade_date', 'stated_at'],
        updated_at='stated_at',
        indexes=[
            {'columns': ['ticker', 'trade_date', 'stated_at'], 'unique': true},
            {'columns': ['stated_at']}
        ],
        post_hook="{{ end_replaced_versions(this) }}"
    )
}}

-- Every version of each bar that was ever stated anew, and of no other bar: a copy of the whole market would say nothing more.
--
-- A snapshot compares a row's newest state with the one that it kept, and of two restatements between two builds it would see
-- one. So a row here is a version, known by the bar and by when it was stated, and the load keeps the versions that it
-- overwrites. dbt adds those that are new; the hook ends a version at the moment from which there is a newer one.
--
-- Stamps follow the order in which writes commit: a restatement that is not in here yet came after all that are.
{% set standing = adapter.get_relation(database=this.database, schema=this.schema, identifier=this.identifier) if execute else none %}

with restated as materialized (
    select *
    from {{ source('polygon', 'source_polygon_stock_bars_restatements') }}
    {% if standing %}
    where replaced_at > (select coalesce(max(stated_at), '-infinity') from {{ this }})
    {% endif %}
)

select
    ticker,
    trade_date,
    open,
    high,
    low,
    close,
    volume,
    vwap,
    transactions,
    stated_at
from restated

union all

select
    bars.ticker,
    bars.trade_date,
    bars.open,
    bars.high,
    bars.low,
    bars.close,
    bars.volume,
    bars.vwap,
    bars.transactions,
    bars.inserted_at as stated_at
from (
    select
        ticker,
        trade_date,
        max(replaced_at) as replaced_at
    from restated
    group by ticker, trade_date
) as keys
{{ looked_up(
    source('polygon', 'source_polygon_stock_bars_daily'), 'bars',
    'bars.ticker = keys.ticker and bars.trade_date = keys.trade_date'
) }}
-- Not so only where a bar was removed by hand and written again.
where bars.inserted_at >= keys.replaced_at

{% endsnapshot %}
