{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['ticker', 'trade_date'],
        on_schema_change='fail',
        pre_hook="{{ delete_removed_bars(this) }}",
        meta={
            'rebuild_below': 0.5,
            'independent_by': {'column': 'security_id', 'keys_of': 'int_polygon__security_bars'},
            'distributed_by': 'ticker'
        },
        indexes=[
            {'columns': ['ticker', 'trade_date'], 'unique': true},
            {'columns': ['security_id', 'trade_date']},
            {'columns': ['trade_date']},
            {'columns': ['source_inserted_at']}
        ]
    )
}}

-- What it takes more than one bar to know. Whatever is arithmetic on these columns is left to fct_polygon__stock_bars_performance, which
-- reads them: a division costs as much as all of a row's sums, and most rows are never asked for most indicators.
--
-- dbt cannot see what only an incremental build reads:
-- depends_on: {{ ref('stg_polygon__stock_bars_casted') }}
-- depends_on: {{ ref('stg_polygon__dividends') }}
-- depends_on: {{ ref('int_polygon__ticker_periods') }}
-- depends_on: {{ ref('int_polygon__security_bars') }}
-- depends_on: {{ ref('int_polygon__security_splits') }}
-- depends_on: {{ ref('int_polygon__security_removed_bars') }}
-- depends_on: {{ ref('int_polygon__split_factors') }}
-- depends_on: {{ ref('int_polygon__dividend_factors') }}
{% set history = 'security_id, write_from' if is_incremental() else 'security_id' %}

with

{% if is_incremental() %}
due as materialized (
    {{ due_ranges(this) }}
),

bars as (
    select
        due.write_from,
        greatest(enriched.dividend_factor_from_here, due.dividend_factor_before) as dividend_factor_known,
        enriched.security_id,
        enriched.trade_date,
        enriched.high_price,
        enriched.low_price,
        enriched.close_price,
        enriched.volume,
        enriched.exact_close_price,
        enriched as bar
    from due
    inner join {{ ref('int_polygon__stock_bars_enriched') }} as enriched
        on
            enriched.security_id = due.security_id
            and enriched.trade_date >= due.read_from
            and enriched.trade_date <= due.write_to
),
{% else %}
bars as (
    select
        dividend_factor_from_here as dividend_factor_known,
        security_id,
        trade_date,
        high_price,
        low_price,
        close_price,
        volume,
        exact_close_price,
        enriched as bar
    from {{ ref('int_polygon__stock_bars_enriched') }} as enriched
),
{% endif %}

-- Each sum over a window is the difference of two running sums. Sums of numerics are exact, so where a sum began does not matter, and
-- one pass in one order serves every length; moving frames took half as long again. What the windows read comes first in each row, as
-- a look at another row takes it apart up to there, and what they do not read goes along as one value, the bar: to take rows apart
-- and put them together again is a third of all the time.
closes as (
    select
        close_price,
        high_price,
        low_price,
        volume,
        dividend_factor_known,
        row_number() over sessions as position,
        sum(close_price) over sessions as close_sum,
        sum(close_price * close_price) over sessions as close_square_sum,
        sum(volume) over sessions as volume_sum,
        -- Here, and not in a query around it, where the planner would copy each into every place that uses it.
        close_price - lag(close_price) over sessions as price_change_1d,
        round(exact_close_price / nullif(lag(exact_close_price) over sessions, 0) - 1, 10) as return_1d,
        greatest(high_price, lag(close_price) over sessions) - least(low_price, lag(close_price) over sessions) as true_range,
        lag(close_price) over sessions as previous_close,
        {% for length in [5, 21, 63, 252] %}
        lag(close_price, {{ length }}) over sessions as close_{{ length }}d_ago,
        {% endfor %}
        -- Factors of a security only grow, so the largest so far is the last.
        coalesce(max(dividend_factor_known) over sessions, 1) as dividend_factor,
        {{ target.schema }}.moving_max(high_price) over last_252_sessions as high_252d,
        {{ target.schema }}.moving_min(low_price) over last_252_sessions as low_252d,
        {{ target.schema }}.moving_max(close_price) over last_252_sessions as close_high_252d,
        {{ history }},
        trade_date,
        bar
    from bars
    window
        sessions as (partition by {{ history }} order by trade_date rows unbounded preceding),
        last_252_sessions as (partition by {{ history }} order by trade_date rows 251 preceding)
),

sums as (
    select
        close_sum,
        close_square_sum,
        volume_sum,
        sum(return_1d) over sessions as return_sum,
        sum(return_1d * return_1d) over sessions as return_square_sum,
        sum(greatest(price_change_1d, 0)) over sessions as gain_sum,
        sum(abs(price_change_1d)) over sessions as move_sum,
        sum(true_range) over sessions as true_range_sum,
        position,
        {{ history }},
        trade_date,
        return_1d,
        previous_close,
        {% for length in [5, 21, 63, 252] %}
        close_{{ length }}d_ago,
        {% endfor %}
        dividend_factor,
        high_252d,
        low_252d,
        close_high_252d,
        bar
    from closes
    window sessions as (partition by {{ history }} order by trade_date rows unbounded preceding)
),

-- A sum is null until its window is full.
windows as (
    select
        {% for length in [20, 50, 120, 200] %}
        case when position >= {{ length }} then close_sum - lag(close_sum, {{ length }}, 0::numeric) over sessions end
            as close_sum_{{ length }}d,
        {% endfor %}
        case when position >= 20 then close_square_sum - lag(close_square_sum, 20, 0::numeric) over sessions end
            as close_square_sum_20d,
        case when position >= 20 then volume_sum - lag(volume_sum, 20, 0::numeric) over sessions end as volume_sum_20d,
        -- The first bar has none of these, so that a window of 14 is full at the fifteenth.
        {% for length in [20, 60] %}
        case when position > {{ length }} then return_sum - coalesce(lag(return_sum, {{ length }}) over sessions, 0) end
            as return_sum_{{ length }}d,
        case
            when position > {{ length }}
                then return_square_sum - coalesce(lag(return_square_sum, {{ length }}) over sessions, 0)
        end as return_square_sum_{{ length }}d,
        {% endfor %}
        case when position > 14 then gain_sum - lag(gain_sum, 14) over sessions end as gain_sum_14d,
        case when position > 14 then move_sum - coalesce(lag(move_sum, 14) over sessions, 0) end as move_sum_14d,
        case when position > 14 then true_range_sum - lag(true_range_sum, 14) over sessions end as true_range_sum_14d,
        return_1d,
        {% if is_incremental() %}
        write_from,
        {% endif %}
        security_id,
        trade_date,
        dividend_factor,
        previous_close,
        {% for length in [5, 21, 63, 252] %}
        close_{{ length }}d_ago,
        {% endfor %}
        high_252d,
        low_252d,
        close_high_252d,
        bar
    from sums
    window sessions as (partition by {{ history }} order by trade_date rows unbounded preceding)
    {% if is_incremental() %}

    union all

    {{ appended_windows(this) }}
    {% endif %}
),

rows_of_windows as (
    select
        -- Not out of the bar: whoever asks for one security is to have the windows of that one computed.
        security_id,
        {% for column in [
            'ticker', 'trade_date', 'open_price', 'high_price', 'low_price', 'close_price',
            'volume_weighted_average_price', 'volume', 'transactions', 'split_factor', 'dollar_volume'
        ] %}
        (bar).{{ column }},
        {% endfor %}
        dividend_factor,
        previous_close,
        return_1d,
        {% for length in [5, 21, 63, 252] %}
        close_{{ length }}d_ago,
        {% endfor %}
        {% for length in [20, 50, 120, 200] %}
        close_sum_{{ length }}d,
        {% endfor %}
        close_square_sum_20d,
        volume_sum_20d,
        {% for length in [20, 60] %}
        return_sum_{{ length }}d,
        return_square_sum_{{ length }}d,
        {% endfor %}
        gain_sum_14d,
        move_sum_14d,
        true_range_sum_14d,
        high_252d,
        low_252d,
        close_high_252d,
        (bar).source_inserted_at
    from windows
    {% if is_incremental() %}
    where trade_date >= write_from
    {% endif %}
)

-- A split writes all of its security's history anew, and of almost none of it the market's breadth counts anything else than before:
-- that of ten years need not be counted again.
select
    computed.*,
    {% if is_incremental() %}
    case
        when standing.ticker is null then {{ build_time() }}
        when {{ counted_in_breadth('computed') }} is distinct from {{ counted_in_breadth('standing') }} then {{ build_time() }}
        when
            (
                select enriched.bar_inserted_at
                from {{ ref('int_polygon__stock_bars_enriched') }} as enriched
                where
                    enriched.security_id = computed.security_id
                    and enriched.ticker = computed.ticker
                    and enriched.trade_date = computed.trade_date
            ) > {{ watermark(this) }} then {{ build_time() }}
        else coalesce(standing.breadth_changed_at, '-infinity')
    end as breadth_changed_at
    {% else %}
    null::timestamptz as breadth_changed_at
    {% endif %}
from rows_of_windows as computed
{% if is_incremental() %}
-- `offset 0` keeps it a look-up by key: the planner knows too little of how few rows there are to look up.
left join lateral (
    select *
    from {{ this }} as target
    where target.ticker = computed.ticker and target.trade_date = computed.trade_date
    offset 0
) as standing on true
{% endif %}
