-- The bars by security: all that a window runs along, whatever the label was.
select
    periods.security_id,
    bars.ticker,
    bars.trade_date,
    bars.open_price,
    bars.high_price,
    bars.low_price,
    bars.close_price,
    bars.volume_weighted_average_price,
    bars.volume,
    bars.transactions,
    bars.inserted_at,
    periods.placed_at
from {{ ref('int_polygon__ticker_periods') }} as periods
inner join {{ ref('stg_polygon__stock_bars_casted') }} as bars
    on
        bars.ticker = periods.ticker
        and bars.trade_date >= periods.valid_from
        and bars.trade_date <= periods.valid_to
