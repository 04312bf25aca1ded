{#
  The windows of bars that are appended, one to each ticker, in the columns of the model's `windows`. It is the daily case, and
  `target` has what comes before: plain sums over its last rows cost a fifth of running windows along them. The values are
  the same, as the sums are exact and the deviation comes from the same aggregate.
#}
{% macro appended_windows(due, target) %}
    select
        bars.*,
        coalesce(cardinality(before.closes), 0) + 1 as position,
        {% for length in [5, 21, 63, 252] %}
        before.closes[{{ length }}] as close_{{ length }}d_ago,
        {% endfor %}
        before.closes[1] as previous_close,
        null::numeric as close_sum,
        coalesce(bars.dividend_factor_from_here, before.dividend_factor, 1) as dividend_factor,
        this_bar.return_1d,
        {% for length in [20, 50, 120, 200] %}
        bars.close_price
        + coalesce((select sum(closes.price) from unnest(before.closes[1:{{ length - 1 }}]) as closes (price)), 0)
            as close_sum_{{ length }}d,
        {% endfor %}
        deviation.return_count as return_count_20d,
        deviation.return_deviation as return_deviation_20d
    from (
        select
            due.write_from,
            null::numeric as dividend_factor_known,
            enriched.*
        from {{ due }} as due
        inner join {{ ref('int_polygon__stock_bars_enriched') }} as enriched
            on enriched.ticker = due.ticker and enriched.trade_date = due.write_from
        where due.is_append
    ) as bars
    cross join lateral (
        -- Newest first. Factors of a ticker only grow, so the largest is the newest.
        select
            array_agg(close_price) as closes,
            array_agg(return_1d) as returns,
            max(dividend_factor) as dividend_factor
        from (
            select
                target.close_price,
                target.return_1d,
                target.dividend_factor
            from {{ target }} as target
            where target.ticker = bars.ticker and target.trade_date < bars.trade_date
            order by target.trade_date desc
            limit 252
        ) as rows_before
    ) as before
    cross join lateral (
        select round(bars.close_price / nullif(before.closes[1], 0) - 1, 10) as return_1d
        offset 0
    ) as this_bar
    cross join lateral (
        select
            count(*) filter (where last_20.return_1d is not null) as return_count,
            stddev_samp(last_20.return_1d) as return_deviation
        from unnest(before.returns[1:19] || this_bar.return_1d) as last_20 (return_1d)
    ) as deviation
{% endmacro %}
