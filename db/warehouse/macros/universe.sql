{# What UNIVERSE is, as of the newest load, in one row; none where it is the whole market. #}
{% macro present_universe() %}
    select
        newest.types,
        newest.tickers
    from (
        select
            types,
            tickers
        from {{ source('barline', 'universes') }}
        order by id desc
        limit 1
    ) as newest
    where newest.types is not null or newest.tickers is not null
{% endmacro %}

{# The tickers of such a row. #}
{% macro universe_tickers(universe) %}
    select unnest({{ universe }}.tickers) as ticker
    from {{ universe }}

    union

    select listed.ticker
    from {{ universe }}
    inner join {{ ref('stg_polygon__tickers') }} as listed on listed.type = any({{ universe }}.types)
{% endmacro %}

{# The sessions among the newest 20 of `counted` (trade_date, tickers, age) that have under nine tenths of their usual tickers. #}
{% macro short_sessions(counted) %}
    select
        session.trade_date,
        session.tickers,
        before.median_tickers,
        ceil(100 * (1 - session.tickers / before.median_tickers))::int as percent_missing
    from {{ counted }} as session
    cross join lateral (
        select
            percentile_cont(0.5) within group (order by earlier.tickers) as median_tickers,
            count(*) as sessions
        from {{ counted }} as earlier
        where earlier.age > session.age and earlier.age <= session.age + 20
    ) as before
    where
        session.age <= 20
        and before.sessions >= 5
        and before.median_tickers >= 10
        and session.tickers < before.median_tickers * 0.9
{% endmacro %}
