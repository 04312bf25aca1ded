{# The bars that were removed since `target` was built. #}
{% macro newly_removed_bars(target) %}
    select
        removed.security_id,
        removed.ticker,
        removed.trade_date
    from {{ ref('int_polygon__security_removed_bars') }} as removed
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
    {{ delete_from(target, "(stale.ticker, stale.trade_date) in (select removed.ticker, removed.trade_date from (" ~ newly_removed_bars(target) ~ ") as removed)") }}
{% endmacro %}

{# Sessions of which no bar is left. #}
{% macro delete_empty_sessions(target) %}
    {% set condition %}
        stale.trade_date in (select removed.trade_date from ({{ newly_removed_bars(target) }}) as removed)
        and stale.trade_date not in (
            select bars.trade_date
            from {{ ref('fct_polygon__stock_bars_performance') }} as bars
            where bars.trade_date in (select removed.trade_date from ({{ newly_removed_bars(target) }}) as removed)
        )
    {% endset %}
    {{ delete_from(target, condition) }}
{% endmacro %}

{# Months whose last bar was removed, and months that are no longer over because the newest session is gone. #}
{% macro delete_changed_months(target) %}
    {% set condition %}
        (stale.ticker, stale.trade_date) in (
            select removed.ticker, removed.trade_date from ({{ newly_removed_bars(target) }}) as removed
        )
        or stale.trade_month >= (
            select date_trunc('month', max(breadth.trade_date))
            from {{ ref('fct_polygon__market_breadth_daily') }} as breadth
        )
    {% endset %}
    {{ delete_from(target, condition) }}
{% endmacro %}

{#
  All dividends of securities of which a bar was removed, as the first bar after one, or the only one before it, may be another now; and
  of those that got or lost bars by a change of the lists, or are no more.
#}
{% macro delete_changed_dividends(target) %}
    {% set watermark = "(select coalesce(max(seen.inserted_at), '-infinity') from " ~ target ~ " as seen)" %}
    {% set condition %}
        stale.security_id in (
            select removed.security_id
            from {{ ref('int_polygon__security_removed_bars') }} as removed
            where removed.removed_at > {{ watermark }}
        )
        or stale.security_id in (
            select periods.security_id
            from {{ ref('int_polygon__ticker_periods') }} as periods
            where periods.placed_at > {{ watermark }}
        )
        or not exists (
            select
            from {{ ref('int_polygon__ticker_periods') }} as periods
            where periods.security_id = stale.security_id
        )
    {% endset %}
    {{ delete_from(target, condition) }}
{% endmacro %}
