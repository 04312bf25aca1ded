-- A split is of the security that has the label on its day.
select
    {{ security_on('splits', 'execution_date') }} as security_id,
    splits.*
from {{ ref('stg_polygon__splits') }} as splits
