{{ config(severity='error', warn_if='!= 0', error_if='> 100') }}

-- The official open or close is at times a print that the vendor leaves out of high and low: a handful is its way of counting,
-- a hundred in a week are a fault.
select
    ticker,
    trade_date,
    open_price,
    high_price,
    low_price,
    close_price
from ({{ recent_bars(5) }}) as bars
where
    open_price > high_price
    or close_price > high_price
    or open_price < low_price
    or close_price < low_price
