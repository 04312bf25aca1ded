select
    bars.security_id,
    bars.ticker,
    bars.trade_date,
    coalesce(factors.split_factor, 1) as split_factor,
    adjusted.open_price,
    adjusted.high_price,
    adjusted.low_price,
    adjusted.close_price,
    adjusted.volume_weighted_average_price,
    adjusted.volume,
    bars.transactions,
    adjusted.dollar_volume,
    adjusted.exact_close_price,
    dividends.cash_amount as dividend_amount,
    dividends.dividend_factor as dividend_factor_from_here,
    greatest(bars.inserted_at, dividends.inserted_at) as bar_inserted_at,
    greatest(bars.inserted_at, factors.inserted_at, dividends.inserted_at, bars.placed_at) as source_inserted_at
from {{ ref('int_polygon__security_bars') }} as bars
left join {{ ref('int_polygon__split_factors') }} as factors
    on
        factors.security_id = bars.security_id
        and bars.trade_date >= factors.valid_from
        and bars.trade_date < factors.valid_before
-- `offset 0` has each worked out once, and not again wherever it is used: a sixth of the time of all windows.
cross join lateral (
    select
        {% for price in ['open_price', 'high_price', 'low_price', 'close_price', 'volume_weighted_average_price'] %}
        {{ split_adjusted('bars.' ~ price) }} as {{ price }},
        {% endfor %}
        case
            when factors.split_factor is null then bars.volume
            else round(bars.volume / factors.split_factor, {{ divided_decimals(6, 'factors.split_factor') }})
        end as volume,
        -- As it was traded: a later split changes neither this nor a quotient of two exact closes, whatever its rounding does to a price.
        round(bars.close_price * bars.volume, 2) as dollar_volume,
        case
            when factors.split_factor is null then bars.close_price
            else bars.close_price * factors.split_factor
        end as exact_close_price
    offset 0
) as adjusted
left join {{ ref('int_polygon__dividend_factors') }} as dividends
    on dividends.security_id = bars.security_id and dividends.trade_date = bars.trade_date
