-- A fixed scale matters: sums of numerics of one scale are exact and can be carried along a window.
select
    ticker,
    trade_date,
    open::numeric(18, 6) as open_price,
    high::numeric(18, 6) as high_price,
    low::numeric(18, 6) as low_price,
    close::numeric(18, 6) as close_price,
    vwap::numeric(18, 6) as volume_weighted_average_price,
    volume::numeric(24, 6) as volume,
    transactions,
    inserted_at
from {{ source('polygon', 'source_polygon_stock_bars_daily') }}
