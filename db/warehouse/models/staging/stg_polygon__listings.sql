-- The key names a security whatever its label: the FIGI, else the company and the type.
select
    ticker,
    listing,
    name,
    type,
    active,
    composite_figi,
    cik,
    primary_exchange,
    delisted_on,
    listed,
    placed_at,
    inserted_at,
    case
        when composite_figi is not null then composite_figi
        when {{ is_one_per_company('type') }} then 'cik:' || cik || ':' || type
    end collate "C" as security_key
from {{ source('polygon', 'source_polygon_listings') }}
