-- A dividend is of the security that has the label on its ex-date.
select
    {{ security_on('dividends', 'ex_dividend_date') }} as security_id,
    dividends.*
from {{ ref('stg_polygon__dividends') }} as dividends
