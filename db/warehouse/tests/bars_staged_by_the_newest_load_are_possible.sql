{{ config(severity='error') }}

-- Of the newest load only, through the index on when a bar was loaded: earlier ones were tested when they were the newest.
select
    case
        when least(open_price, high_price, low_price, close_price) <= 0 then 'a price is not positive'
        when high_price < low_price then 'high is below low'
        when volume < 0 then 'volume is negative'
        else 'transactions are negative'
    end as reason,
    bars.*
from {{ ref('stg_polygon__stock_bars_casted') }} as bars
where
    inserted_at = (select max(inserted_at) from {{ source('polygon', 'source_polygon_stock_bars_daily') }})
    and (
        least(open_price, high_price, low_price, close_price) <= 0
        or high_price < low_price
        or volume < 0
        or transactions < 0
    )
