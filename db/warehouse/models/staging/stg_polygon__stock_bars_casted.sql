-- A fixed scale matters: sums of numerics of one scale are exact and can be carried along a window.
select
    ticker,
    trade_date,
    open::numeric(20, 8) as open_price,
    high::numeric(20, 8) as high_price,
    low::numeric(20, 8) as low_price,
    close::numeric(20, 8) as close_price,
    vwap::numeric(20, 8) as volume_weighted_average_price,
    volume::numeric(24, 6) as volume,
    transactions,
    inserted_at
from {{ source('polygon', 'source_polygon_stock_bars_daily') }}
