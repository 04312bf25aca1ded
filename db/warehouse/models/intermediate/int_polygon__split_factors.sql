{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='security_id',
        pre_hook="{{ delete_from(this, 'true') }}",
        on_schema_change='fail',
        indexes=[{'columns': ['security_id']}]
    )
}}

-- A table, though a small one that is written anew each time: a recursion inside the query that reads every bar would keep
-- that query on one core. Incremental, so that the table stays and the views on it need not be replaced.
--
-- The factor of a date is the product of split_from / split_to over the splits after it that have taken effect.
-- Each security that ever had a split gets periods that cover all time; numerator and denominator are kept apart, so that
-- the product is exact and only the one division rounds.
with recursive splits as materialized (
    select
        security_id,
        ticker,
        execution_date,
        split_from,
        split_to,
        active,
        inserted_at
    from {{ ref('int_polygon__security_splits') }}
),

-- One that is listed under both labels of a renamed security is one.
effective_splits as (
    select
        *,
        row_number() over (partition by security_id order by execution_date desc) as position
    from (
        select distinct on (security_id, execution_date)
            security_id,
            execution_date,
            split_from,
            split_to
        from splits
        where active and execution_date <= {{ new_york_today() }}
        order by security_id, execution_date, ticker
    ) as counted
),

factors as (
    select
        security_id,
        'infinity'::date as valid_before,
        1::numeric as numerator,
        1::numeric as denominator,
        0::bigint as position,
        max(inserted_at) as inserted_at
    from splits
    group by security_id

    union all

    select
        factors.security_id,
        splits.execution_date,
        factors.numerator * splits.split_from,
        factors.denominator * splits.split_to,
        splits.position,
        factors.inserted_at
    from factors
    inner join effective_splits as splits
        on splits.security_id = factors.security_id and splits.position = factors.position + 1
)

select
    security_id,
    lead(valid_before, 1, '-infinity'::date) over (partition by security_id order by position) as valid_from,
    valid_before,
    trim_scale(numerator / denominator) as split_factor,
    inserted_at
from factors
