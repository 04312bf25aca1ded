{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='ticker',
        indexes=[{'columns': ['ticker']}]
    )
}}

-- A table, though a small one that is written anew each time: a recursion inside the query that reads every bar would keep
-- that query on one core. Incremental, so that the table stays and the views on it need not be replaced.
--
-- The factor of a date is the product of split_from / split_to over the splits after it that have taken effect.
-- Each ticker that ever had a split gets periods that cover all time; numerator and denominator are kept apart, so that
-- the product is exact and only the one division rounds.
with recursive effective_splits as (
    select
        ticker,
        execution_date,
        split_from,
        split_to,
        row_number() over (partition by ticker order by execution_date desc) as position
    from {{ ref('stg_polygon__splits') }}
    where active and execution_date <= {{ new_york_today() }}
),

factors as (
    select
        ticker,
        'infinity'::date as valid_before,
        1::numeric as numerator,
        1::numeric as denominator,
        0::bigint as position,
        max(inserted_at) as inserted_at
    from {{ ref('stg_polygon__splits') }}
    group by ticker

    union all

    select
        factors.ticker,
        splits.execution_date,
        factors.numerator * splits.split_from,
        factors.denominator * splits.split_to,
        splits.position,
        factors.inserted_at
    from factors
    inner join effective_splits as splits
        on splits.ticker = factors.ticker and splits.position = factors.position + 1
)

select
    ticker,
    lead(valid_before, 1, '-infinity'::date) over (partition by ticker order by position) as valid_from,
    valid_before,
    trim_scale(numerator / denominator) as split_factor,
    inserted_at
from factors
