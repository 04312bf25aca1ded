{{ config(severity='warn') }}

-- Closes of the newest five sessions that are 50 % above or below the one before, though both are adjusted for every split that
-- is known: true news, a split that the vendor does not list, or one with a wrong ratio.
select
    ticker,
    trade_date,
    previous_close,
    close_price,
    round(return_1d, 4) as return_1d,
    volume
from ({{ recent_bars(5) }}) as bars
where abs(return_1d) > 0.5
