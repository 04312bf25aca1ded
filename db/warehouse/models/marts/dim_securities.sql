{{
    config(
        materialized='table',
        indexes=[{'columns': ['security_id'], 'unique': true}]
    )
}}

-- One row a security that is listed or has bars, under whatever labels.
with listed as (
    {{ listed_securities(ref('stg_polygon__listings')) }}
),

newest as (
    select distinct on (security_id) *
    from listed
    order by security_id, ended_on desc, ticker, listing
),

spans as (
    select
        security_id,
        min(first_session) as first_session,
        max(last_session) as last_session,
        (array_agg(ticker order by valid_from desc nulls last, ticker))[1] as ticker
    from {{ ref('dim_ticker_periods') }}
    group by security_id
)

select
    coalesce(newest.security_id, spans.security_id) as security_id,
    coalesce(newest.ticker, spans.ticker) as ticker,
    newest.name,
    newest.type,
    newest.composite_figi,
    newest.cik,
    newest.primary_exchange,
    spans.first_session,
    spans.last_session,
    case
        when newest.security_id is null then 'unlisted'
        when newest.active then 'listed'
        -- The vendor gives no FIGI by which to know them for the same, and the company goes on trading.
        when
            {{ is_one_per_company('newest.type') }}
            and exists (
                select
                from listed as successors
                where successors.active and successors.cik = newest.cik and successors.type = newest.type
            )
            then 'renamed'
        else 'delisted'
    end as status,
    newest.delisted_on
from newest
full join spans on spans.security_id = newest.security_id
