select
    ticker,
    name,
    type,
    active,
    primary_exchange,
    delisted_on,
    inserted_at
from {{ source('polygon', 'source_polygon_tickers') }}
