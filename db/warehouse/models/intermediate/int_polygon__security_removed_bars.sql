select
    periods.security_id,
    removed.ticker,
    removed.trade_date,
    removed.removed_at
from {{ ref('stg_polygon__removed_bars') }} as removed
inner join {{ ref('int_polygon__ticker_periods') }} as periods
    on
        periods.ticker = removed.ticker
        and removed.trade_date >= periods.valid_from
        and removed.trade_date <= periods.valid_to
