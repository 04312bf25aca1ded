{{ config(severity='warn') }}

-- Splits that do not count, as they contradict themselves or the prices around their day, and that nobody has decided on yet.
select
    ticker,
    execution_date as trade_date,
    split_from,
    split_to,
    adjustment_type,
    set_aside
from {{ source('polygon', 'source_polygon_splits') }}
where active and set_aside is not null and decision is null
