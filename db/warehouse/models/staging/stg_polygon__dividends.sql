-- Withdrawn dividends stay, with active = false: that they changed is what makes the bars of their ticker due again.
select
    ticker,
    ex_dividend_date,
    cash_amount,
    currency,
    distribution_type,
    frequency,
    pay_date,
    active,
    inserted_at
from {{ source('polygon', 'source_polygon_dividends') }}
