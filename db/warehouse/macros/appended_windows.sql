{#
  The windows of bars that are appended, one to each ticker, in the columns of the model's `windows`. It is the daily case, and
  `target` has what comes before: plain sums over its last rows cost a fifth of running windows along them. The values are
  the same, as the sums are exact and the deviation comes from the same aggregate.
#}
{% macro appended_windows(due, target) %}
    select
        bars.*,
        before.bars + 1 as position,
        {% for length in [5, 21, 63, 252] %}
        before.close_{{ length }}d_ago,
        {% endfor %}
        before.previous_close,
        null::numeric as close_sum,
        coalesce(bars.dividend_factor_from_here, before.dividend_factor, 1) as dividend_factor,
        this_bar.return_1d,
        {% for length in [20, 50, 120, 200] %}
        before.close_sum_{{ length - 1 }}d + bars.close_price as close_sum_{{ length }}d,
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
        select
            count(*) as bars,
            max(close_price) filter (where back = 1) as previous_close,
            max(dividend_factor) filter (where back = 1) as dividend_factor,
            {% for length in [5, 21, 63, 252] %}
            max(close_price) filter (where back = {{ length }}) as close_{{ length }}d_ago,
            {% endfor %}
            {% for length in [19, 49, 119, 199] %}
            coalesce(sum(close_price) filter (where back <= {{ length }}), 0) as close_sum_{{ length }}d,
            {% endfor %}
            array_agg(return_1d) filter (where back <= 19) as returns_19d
        from (
            select
                target.close_price,
                target.return_1d,
                target.dividend_factor,
                row_number() over (order by target.trade_date desc) as back
            from {{ target }} as target
            where target.ticker = bars.ticker and target.trade_date < bars.trade_date
            order by target.trade_date desc
            limit 252
        ) as rows_before
    ) as before
    cross join lateral (
        select round(bars.close_price / nullif(before.previous_close, 0) - 1, 10) as return_1d
        offset 0
    ) as this_bar
    cross join lateral (
        select
            count(*) filter (where last_20.return_1d is not null) as return_count,
            stddev_samp(last_20.return_1d) as return_deviation
        from unnest(before.returns_19d || this_bar.return_1d) as last_20 (return_1d)
    ) as deviation
{% endmacro %}
