-- Without a split the product is null and the price stands as it is: most bars are spared the arithmetic.
-- Eight decimals, so that whoever rounds to the vendor's four gets the vendor's figure: 85.93 / 1.195 is 71.9079498, which by way
-- of six decimals, 71.907950, would become 71.9080. More where a split makes so little of a price or a volume that they would be none.
select
    bars.ticker,
    bars.trade_date,
    coalesce(factors.split_factor, 1) as split_factor,
    coalesce(round(bars.open_price * factors.split_factor, decimals.price), bars.open_price) as open_price,
    coalesce(round(bars.high_price * factors.split_factor, decimals.price), bars.high_price) as high_price,
    coalesce(round(bars.low_price * factors.split_factor, decimals.price), bars.low_price) as low_price,
    coalesce(round(bars.close_price * factors.split_factor, decimals.price), bars.close_price) as close_price,
    coalesce(
        round(bars.volume_weighted_average_price * factors.split_factor, decimals.price),
        bars.volume_weighted_average_price
    ) as volume_weighted_average_price,
    coalesce(round(bars.volume / factors.split_factor, decimals.volume), bars.volume) as volume,
    bars.transactions,
    -- As it was traded: a later split changes neither this nor a quotient of two exact closes, whatever its rounding does to a price.
    round(bars.close_price * bars.volume, 2) as dollar_volume,
    coalesce(bars.close_price * factors.split_factor, bars.close_price) as exact_close_price,
    dividends.cash_amount as dividend_amount,
    dividends.dividend_factor as dividend_factor_from_here,
    greatest(bars.inserted_at, dividends.inserted_at) as bar_inserted_at,
    greatest(bars.inserted_at, factors.inserted_at, dividends.inserted_at) as source_inserted_at
from {{ ref('stg_polygon__stock_bars_casted') }} as bars
left join {{ ref('int_polygon__split_factors') }} as factors
    on
        factors.ticker = bars.ticker
        and bars.trade_date >= factors.valid_from
        and bars.trade_date < factors.valid_before
cross join lateral (
    select
        {{ multiplied_decimals(8, 'factors.split_factor') }} as price,
        {{ divided_decimals(6, 'factors.split_factor') }} as volume
) as decimals
left join {{ ref('int_polygon__dividend_factors') }} as dividends
    on dividends.ticker = bars.ticker and dividends.trade_date = bars.trade_date
