{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='ticker',
        on_schema_change='fail',
        meta={'gathered_by': {'column': 'ticker'}},
        indexes=[
            {'columns': ['ticker', 'valid_from']},
            {'columns': ['security_id', 'valid_from']},
            {'columns': ['placed_at']}
        ]
    )
}}

-- Which security each label stands for, from when to when: for each label that is listed or has bars, periods that cover all time.
-- Bars of a label that no list has are of the label's own security.
with recursive

{% if is_incremental() %}
seen as materialized (
    select
        coalesce(max(placed_at), '-infinity') as placed_at,
        coalesce(max(bars_seen_at), '-infinity') as bars_at
    from {{ this }}
),

changed as materialized (
    select
        ticker,
        security_key
    from {{ ref('stg_polygon__listings') }}
    where placed_at > (select placed_at from seen)
),

-- A changed row moves whoever has its label or its key.
due as materialized (
    select ticker from changed

    union

    select ticker
    from {{ ref('stg_polygon__listings') }}
    where security_key in (select security_key from changed)

    union

    (
        (
            select bars.ticker
            from {{ ref('stg_polygon__stock_bars_casted') }} as bars
            where bars.inserted_at > (select bars_at from seen) and bars.inserted_at < 'infinity'

            union

            -- A bar may have come and gone since.
            select removed.ticker
            from {{ ref('stg_polygon__removed_bars') }} as removed
            where removed.removed_at > (select bars_at from seen)
        )

        except

        select ticker from {{ this }}
    )

    union

    -- One of those there are, for the note of which bars have been seen.
    (select ticker from {{ this }} order by bars_seen_at desc, ticker limit 1)
),

listings as materialized (
    select *
    from {{ ref('stg_polygon__listings') }}
    where
        ticker in (select ticker from due)
        or security_key in (
            select security_key
            from {{ ref('stg_polygon__listings') }}
            where ticker in (select ticker from due)
        )
),
{% else %}
-- The next label, from the index: counting off the labels of ten years would read every row.
traded as (
    (
        select ticker
        from {{ ref('stg_polygon__stock_bars_casted') }}
        order by ticker
        limit 1
    )

    union all

    select (
        select bars.ticker
        from {{ ref('stg_polygon__stock_bars_casted') }} as bars
        where bars.ticker > traded.ticker
        order by bars.ticker
        limit 1
    )
    from traded
    where traded.ticker is not null
),

due as materialized (
    select ticker from traded where ticker is not null
    union
    select ticker from {{ ref('stg_polygon__removed_bars') }}
    union
    select ticker from {{ ref('stg_polygon__listings') }}
),

listings as materialized (
    select * from {{ ref('stg_polygon__listings') }}
),
{% endif %}

securities as materialized (
    {{ listed_securities('listings') }}
),

holders as (
    {{ label_holders('securities') }}
),

key_stamps as (
    select
        security_key,
        max(placed_at) as placed_at
    from listings
    where security_key is not null
    group by security_key
),

stamps as (
    select
        listings.ticker,
        max(greatest(listings.placed_at, key_stamps.placed_at)) as placed_at
    from listings
    left join key_stamps on key_stamps.security_key = listings.security_key
    group by listings.ticker
)

select
    due.ticker,
    coalesce(holders.valid_from, '-infinity') as valid_from,
    coalesce(holders.valid_to, 'infinity') as valid_to,
    coalesce(holders.security_id, 'label:' || due.ticker) as security_id,
    holders.listing,
    -- Whether the security had another label before, or may have had this one.
    coalesce(
        holders.valid_from > '-infinity' and (holders.follows or holders.security_id = 'label:' || due.ticker), false
    ) as follows,
    coalesce(holders.is_newest, true) as is_newest,
    coalesce(stamps.placed_at, '-infinity') as placed_at,
    (
        select coalesce(max(bars.inserted_at), '-infinity')
        from {{ ref('stg_polygon__stock_bars_casted') }} as bars
    ) as bars_seen_at
from due
left join holders on holders.ticker = due.ticker
left join stamps on stamps.ticker = due.ticker
