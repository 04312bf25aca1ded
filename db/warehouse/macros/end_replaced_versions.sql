{#
  Ends each version of a bar in `versions` at the moment from which the next one holds. Only bars with two versions that have
  no end are looked at, so a bar that was restated long ago costs nothing.
#}
{% macro end_replaced_versions(versions) %}
    update {{ versions }} as version
    set dbt_valid_to = (
        select min(newer.stated_at)
        from {{ versions }} as newer
        where
            newer.ticker = version.ticker
            and newer.trade_date = version.trade_date
            and newer.stated_at > version.stated_at
    )
    from (
        select
            ticker,
            trade_date,
            max(stated_at) as newest
        from {{ versions }}
        where dbt_valid_to is null
        group by ticker, trade_date
        having count(*) > 1
    ) as restated
    where
        version.ticker = restated.ticker
        and version.trade_date = restated.trade_date
        and version.stated_at < restated.newest
        and version.dbt_valid_to is null
{% endmacro %}
