{{
    config(
        materialized='table',
        meta={'gathered_by': {'column': 'ticker'}},
        indexes=[
            {'columns': ['ticker', 'valid_from']},
            {'columns': ['security_id', 'valid_from']}
        ]
    )
}}

-- Which security each ticker stood for, and when, as far as a list or a bar tells. Some thousand rows, each with two looks at the ends
-- of an index, so it is written anew each time. `offset 0` keeps the planner from looking again for each use. The last session is
-- looked for among the newest first: a look at the end of a range reads all that its page of the index has of the range.
select
    periods.ticker,
    periods.security_id,
    coalesce(bars.first_session, case when periods.valid_from > '-infinity' then periods.valid_from end) as valid_from,
    case when periods.valid_to < 'infinity' then periods.valid_to end as valid_to,
    bars.first_session,
    bars.last_session
from {{ ref('int_polygon__ticker_periods') }} as periods
cross join lateral (
    select
        (
            select min(fact.trade_date)
            from {{ ref('fct_polygon__stock_bars_performance') }} as fact
            where
                fact.ticker = periods.ticker
                and fact.trade_date >= periods.valid_from
                and fact.trade_date <= periods.valid_to
        ) as first_session,
        coalesce(
            (
                select max(fact.trade_date)
                from {{ ref('fct_polygon__stock_bars_performance') }} as fact
                where
                    fact.ticker = periods.ticker
                    and fact.trade_date >= greatest(
                        periods.valid_from,
                        (select max(newest.trade_date) - 7 from {{ ref('fct_polygon__stock_bars_performance') }} as newest)
                    )
                    and fact.trade_date <= periods.valid_to
            ),
            (
                select max(fact.trade_date)
                from {{ ref('fct_polygon__stock_bars_performance') }} as fact
                where
                    fact.ticker = periods.ticker
                    and fact.trade_date >= periods.valid_from
                    and fact.trade_date <= periods.valid_to
            )
        ) as last_session
    offset 0
) as bars
where periods.listing is not null or bars.first_session is not null
