{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='ticker',
        pre_hook="{{ delete_dividends_of_removed_bars(this) }}",
        indexes=[
            {'columns': ['ticker', 'trade_date'], 'unique': true},
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
with recursive

{% if is_incremental() %}
watermark as materialized (
    select coalesce(max(inserted_at), '-infinity') as inserted_at from {{ this }}
),

changed_tickers as materialized (
    select
        changed.*,
        (
            select max(earlier.trade_date)
            from {{ ref('stg_polygon__stock_bars_casted') }} as earlier
            where earlier.ticker = changed.ticker and earlier.trade_date < changed.first_date
        ) as previous_date
    from (
        select
            ticker,
            min(trade_date) as first_date,
            max(trade_date) as last_date
        from {{ ref('stg_polygon__stock_bars_casted') }}
        where
            inserted_at > (select inserted_at from watermark)
            and inserted_at < 'infinity'
            and ticker in (select ticker from {{ ref('stg_polygon__dividends') }})
        group by ticker
    ) as changed
),

-- A ticker is due where a dividend of it has changed, where a bar has that a dividend may now be counted from, and where its
-- history has begun earlier.
due as materialized (
    select ticker
    from {{ ref('stg_polygon__dividends') }}
    where inserted_at > (select inserted_at from watermark)

    union

    -- A dividend up to the bar before the first changed one is counted from that bar or an earlier one.
    select changed.ticker
    from changed_tickers as changed
    where
        changed.previous_date is null
        or exists (
            select
            from {{ ref('stg_polygon__dividends') }} as dividends
            where
                dividends.ticker = changed.ticker
                and dividends.ex_dividend_date > changed.previous_date
                and dividends.ex_dividend_date <= changed.last_date
        )

    union

    select removed.ticker
    from {{ ref('stg_polygon__removed_bars') }} as removed
    where removed.removed_at > (select inserted_at from watermark)
),
{% endif %}

payments as (
    select
        dividends.ticker,
        first_bar.trade_date,
        first_bar.close_price,
        sum(dividends.cash_amount)
            filter (where dividends.active and coalesce(dividends.currency, 'USD') = 'USD') as cash_amount,
        max(greatest(dividends.inserted_at, first_bar.inserted_at, history.inserted_at, gone.removed_at)) as inserted_at
    from {{ ref('stg_polygon__dividends') }} as dividends
    cross join lateral (
        select
            bars.trade_date,
            bars.close_price,
            bars.inserted_at
        from {{ ref('stg_polygon__stock_bars_casted') }} as bars
        where bars.ticker = dividends.ticker and bars.trade_date >= dividends.ex_dividend_date
        order by bars.trade_date
        limit 1
    ) as first_bar
    -- Where a history has begun earlier, its first dividend counts only since.
    cross join lateral (
        select
            bars.trade_date,
            bars.inserted_at
        from {{ ref('stg_polygon__stock_bars_casted') }} as bars
        where bars.ticker = dividends.ticker and bars.trade_date < first_bar.trade_date
        order by bars.trade_date
        limit 1
    ) as history
    -- Where an earlier bar was removed, another one is the first after the dividend, or the first of all.
    cross join lateral (
        select max(removed.removed_at) as removed_at
        from {{ ref('stg_polygon__removed_bars') }} as removed
        where
            removed.ticker = dividends.ticker
            and (
                removed.trade_date < history.trade_date
                or (removed.trade_date >= dividends.ex_dividend_date and removed.trade_date < first_bar.trade_date)
            )
    ) as gone
    {% if is_incremental() %}
    where dividends.ticker in (select ticker from due)
    {% endif %}
    group by dividends.ticker, first_bar.trade_date, first_bar.close_price
),

steps as materialized (
    select
        *,
        1 + coalesce(round(cash_amount / nullif(close_price, 0), 12), 0) as step,
        row_number() over (partition by ticker order by trade_date) as position
    from payments
),

factors as (
    select
        ticker,
        trade_date,
        coalesce(cash_amount, 0) as cash_amount,
        step as dividend_factor,
        position,
        inserted_at
    from steps
    where position = 1

    union all

    select
        steps.ticker,
        steps.trade_date,
        coalesce(steps.cash_amount, 0),
        round(factors.dividend_factor * steps.step, 12),
        steps.position,
        steps.inserted_at
    from factors
    inner join steps on steps.ticker = factors.ticker and steps.position = factors.position + 1
)

select
    ticker,
    trade_date,
    cash_amount,
    dividend_factor,
    -- A dividend that changes, changes the factors after it.
    max(inserted_at) over (partition by ticker order by trade_date) as inserted_at
from factors
