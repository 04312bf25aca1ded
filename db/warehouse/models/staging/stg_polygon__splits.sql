-- Withdrawn splits stay, with active = false, and so do those that are set aside, as they contradict themselves or the prices: that
-- they changed is what makes the bars of their ticker due again.
select
    ticker,
    execution_date,
    split_from,
    split_to,
    active and set_aside is null as active,
    inserted_at
from {{ source('polygon', 'source_polygon_splits') }}
