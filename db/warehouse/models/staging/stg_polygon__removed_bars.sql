-- A bar that comes back leaves this list in the statement that writes it.
select
    ticker,
    trade_date,
    removed_at
from {{ source('polygon', 'source_polygon_removed_bars') }}
