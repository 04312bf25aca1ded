{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='security_id',
        pre_hook="{{ delete_changed_dividends(this) }}",
        on_schema_change='fail',
        meta={'gathered_by': {'column': 'security_id'}},
        indexes=[
            {'columns': ['security_id', 'trade_date'], 'unique': true},
            {'columns': ['inserted_at']}
        ]
    )
}}

-- How many shares one share has become by reinvesting every cash dividend at the close of its day: the product of
-- 1 + cash / close, with the close as it was quoted then, so that splits do not matter. It runs forward: a new dividend
-- changes nothing before it. Each step is rounded, so that a product does not depend on where its building began.
--
-- A dividend counts from the first bar on or after its ex-date, where there is a bar before it: who bought the first bar
-- is not paid. A withdrawn one, or one not in dollars, stays as a step of one, so that its row is replaced.
--
-- Cash on the day of a split is of a new share: it is set against that day's close, which is a new share's, and the split takes
-- no part of it. So does the vendor, whose `split_adjusted_cash_amount` follows the splits "that occurred after the dividend was
-- paid" alone (massive.com/docs/rest/stocks/corporate-actions/dividends). CRSP, whose amounts are of the old share, divides by
-- the day's split too (`divamt / cumfacpr / facpr`); amounts of another source than this vendor may need that.
-- depends_on: {{ ref('stg_polygon__dividends') }}
with recursive

{% if is_incremental() %}
watermark as materialized (
    select coalesce(max(inserted_at), '-infinity') as inserted_at from {{ this }}
),

changed_securities as materialized (
    select
        changed.*,
        (
            select max(earlier.trade_date)
            from {{ ref('int_polygon__ticker_periods') }} as periods
            cross join lateral (
                select bars.trade_date
                from {{ ref('stg_polygon__stock_bars_casted') }} as bars
                where
                    bars.ticker = periods.ticker
                    and bars.trade_date >= periods.valid_from
                    and bars.trade_date <= periods.valid_to
                    and bars.trade_date < changed.first_date
                order by bars.trade_date desc
                limit 1
            ) as earlier
            where periods.security_id = changed.security_id
        ) as previous_date
    from (
        select
            security_id,
            min(trade_date) as first_date,
            max(trade_date) as last_date
        from ({{ bars_since('(select inserted_at from watermark)') }}) as bars
        group by security_id
    ) as changed
    -- Of the securities, and not of the bars: a year of them may be new.
    where
        changed.security_id in (
            select periods.security_id
            from {{ ref('int_polygon__ticker_periods') }} as periods
            where periods.ticker in (select ticker from {{ ref('stg_polygon__dividends') }})
        )
),

-- A security is due where a dividend of it has changed, where a bar has that a dividend may now be counted from, where its
-- history has begun earlier, and where it has got or lost bars.
due as materialized (
    select security_id
    from {{ ref('int_polygon__security_dividends') }}
    where inserted_at > (select inserted_at from watermark)

    union

    -- A dividend up to the bar before the first changed one is counted from that bar or an earlier one.
    select changed.security_id
    from changed_securities as changed
    where
        changed.previous_date is null
        or exists (
            select
            from {{ ref('int_polygon__security_dividends') }} as dividends
            where
                dividends.ticker in (
                    select periods.ticker
                    from {{ ref('int_polygon__ticker_periods') }} as periods
                    where periods.security_id = changed.security_id
                )
                and dividends.ex_dividend_date > changed.previous_date
                and dividends.ex_dividend_date <= changed.last_date
        )

    union

    select security_id
    from {{ ref('int_polygon__ticker_periods') }}
    where placed_at > (select inserted_at from watermark)

    union

    select security_id
    from {{ ref('int_polygon__security_removed_bars') }}
    where removed_at > (select inserted_at from watermark)
),
{% endif %}

declared as materialized (
    select
        *,
        -- One that is listed under both labels of a renamed security is one.
        dense_rank() over (partition by security_id, ex_dividend_date, active order by ticker) as label_number
    from {{ ref('int_polygon__security_dividends') }}
    {% if is_incremental() %}
    where
        ticker in (
            select periods.ticker
            from {{ ref('int_polygon__ticker_periods') }} as periods
            where periods.security_id in (select security_id from due)
        )
    {% endif %}
),

payments as (
    select
        dividends.security_id,
        first_bar.trade_date,
        first_bar.close_price,
        sum(dividends.cash_amount) filter (
            where dividends.active and coalesce(dividends.currency, 'USD') = 'USD' and dividends.label_number = 1
        ) as cash_amount,
        max(greatest(dividends.inserted_at, first_bar.inserted_at, history.inserted_at, gone.removed_at)) as inserted_at
    from declared as dividends
    cross join lateral (
        select
            bars.trade_date,
            bars.close_price,
            bars.inserted_at
        from {{ ref('int_polygon__ticker_periods') }} as periods
        cross join lateral (
            select *
            from {{ ref('stg_polygon__stock_bars_casted') }} as earliest
            where
                earliest.ticker = periods.ticker
                and earliest.trade_date >= greatest(periods.valid_from, dividends.ex_dividend_date)
                and earliest.trade_date <= periods.valid_to
            order by earliest.trade_date
            limit 1
        ) as bars
        where periods.security_id = dividends.security_id
        order by bars.trade_date
        limit 1
    ) as first_bar
    -- Where a history has begun earlier, its first dividend counts only since.
    cross join lateral (
        select
            bars.trade_date,
            bars.inserted_at
        from {{ ref('int_polygon__ticker_periods') }} as periods
        cross join lateral (
            select *
            from {{ ref('stg_polygon__stock_bars_casted') }} as earliest
            where
                earliest.ticker = periods.ticker
                and earliest.trade_date >= periods.valid_from
                and earliest.trade_date <= periods.valid_to
                and earliest.trade_date < first_bar.trade_date
            order by earliest.trade_date
            limit 1
        ) as bars
        where periods.security_id = dividends.security_id
        order by bars.trade_date
        limit 1
    ) as history
    -- Where an earlier bar was removed, another one is the first after the dividend, or the first of all.
    cross join lateral (
        select max(removed.removed_at) as removed_at
        from {{ ref('int_polygon__security_removed_bars') }} as removed
        where
            removed.security_id = dividends.security_id
            and (
                removed.trade_date < history.trade_date
                or (removed.trade_date >= dividends.ex_dividend_date and removed.trade_date < first_bar.trade_date)
            )
    ) as gone
    {% if is_incremental() %}
    where dividends.security_id in (select security_id from due)
    {% endif %}
    group by dividends.security_id, first_bar.trade_date, first_bar.close_price
),

steps as materialized (
    select
        *,
        -- Twelve decimals also where nothing is paid: of equal factors any may be the greatest.
        round(1 + coalesce(cash_amount / nullif(close_price, 0), 0), 12) as step,
        row_number() over (partition by security_id order by trade_date) as position
    from payments
),

factors as (
    select
        security_id,
        trade_date,
        coalesce(cash_amount, 0) as cash_amount,
        step as dividend_factor,
        position,
        inserted_at
    from steps
    where position = 1

    union all

    select
        steps.security_id,
        steps.trade_date,
        coalesce(steps.cash_amount, 0),
        round(factors.dividend_factor * steps.step, 12),
        steps.position,
        steps.inserted_at
    from factors
    inner join steps on steps.security_id = factors.security_id and steps.position = factors.position + 1
)

select
    security_id,
    trade_date,
    cash_amount,
    dividend_factor,
    -- A dividend that changes, changes the factors after it.
    max(inserted_at) over (partition by security_id order by trade_date) as inserted_at
from factors
