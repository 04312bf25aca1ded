-- Withdrawn splits stay, with active = false: that they changed is what makes the bars of their ticker due again.
select
    ticker,
    execution_date,
    split_from,
    split_to,
    active,
    inserted_at
from {{ source('polygon', 'source_polygon_splits') }}
