{# The bars that were removed since `target` was built. #}
{% macro newly_removed_bars(target) %}
    select
        removed.ticker,
        removed.trade_date
    from {{ ref('stg_polygon__removed_bars') }} as removed
    where removed.removed_at > {{ watermark(target) }}
{% endmacro %}

{#
  For hooks: takes out of an incremental model the rows that `condition` names, before its query looks at what stands. That a row is
  gone no query can say: dbt deletes what the query answers anew. Nothing where the table is built whole.
#}
{% macro delete_from(target, condition) %}
    {% if is_incremental() %}
        delete from {{ target }} as stale
        where {{ condition }}
    {% endif %}
{% endmacro %}

{# The rows of bars that were removed since, in a model with one row a bar, or with one for the last bar of something. #}
{% macro delete_removed_bars(target) %}
    {{ delete_from(target, "(stale.ticker, stale.trade_date) in (" ~ newly_removed_bars(target) ~ ")") }}
{% endmacro %}

{# Sessions of which no bar is left. #}
{% macro delete_empty_sessions(target) %}
    {% set condition %}
        stale.trade_date in (select removed.trade_date from ({{ newly_removed_bars(target) }}) as removed)
        and not exists (
            select
            from {{ ref('fct_polygon__stock_bars_performance') }} as bars
            where bars.trade_date = stale.trade_date
        )
    {% endset %}
    {{ delete_from(target, condition) }}
{% endmacro %}

{# Months whose last bar was removed, and months that are no longer over because the newest session is gone. #}
{% macro delete_changed_months(target) %}
    {% set condition %}
        (stale.ticker, stale.trade_date) in ({{ newly_removed_bars(target) }})
        or stale.trade_month >= (
            select date_trunc('month', max(breadth.trade_date))
            from {{ ref('fct_polygon__market_breadth_daily') }} as breadth
        )
    {% endset %}
    {{ delete_from(target, condition) }}
{% endmacro %}

{# All dividends of tickers of which a bar was removed: the first bar after one, or the only one before it, may be another now. #}
{% macro delete_dividends_of_removed_bars(target) %}
    {% set condition %}
        stale.ticker in (
            select removed.ticker
            from {{ ref('stg_polygon__removed_bars') }} as removed
            where removed.removed_at > (select coalesce(max(seen.inserted_at), '-infinity') from {{ target }} as seen)
        )
    {% endset %}
    {{ delete_from(target, condition) }}
{% endmacro %}
