{#
  The windows of bars that are appended, one to each ticker, in the columns of the model's `windows`. It is the daily case, and
  `target` has what comes before: plain sums over its last 119 rows cost a fifth of running windows along them. The values are
  the same, as the sums are exact and the deviation comes from the same aggregate.
#}
{% macro appended_windows(due, target) %}
    select
        bars.*,
        before.sessions + 1 as position,
        before.previous_close,
        null::numeric as close_sum,
        this_bar.return_1d,
        before.close_sum_19d + bars.close_price as close_sum_20d,
        before.close_sum_49d + bars.close_price as close_sum_50d,
        before.close_sum_119d + bars.close_price as close_sum_120d,
        deviation.return_count as return_count_20d,
        deviation.return_deviation as return_deviation_20d
    from (
        select
            due.write_from,
            enriched.*
        from {{ due }} as due
        inner join {{ ref('int_polygon__stock_bars_enriched') }} as enriched
            on enriched.ticker = due.ticker and enriched.trade_date = due.write_from
        where due.is_append
    ) as bars
    cross join lateral (
        select
            count(*) as sessions,
            max(rows_before.close_price) filter (where rows_before.back = 1) as previous_close,
            coalesce(sum(rows_before.close_price) filter (where rows_before.back <= 19), 0) as close_sum_19d,
            coalesce(sum(rows_before.close_price) filter (where rows_before.back <= 49), 0) as close_sum_49d,
            coalesce(sum(rows_before.close_price), 0) as close_sum_119d,
            array_agg(rows_before.return_1d) filter (where rows_before.back <= 19) as returns_19d
        from (
            select
                target.close_price,
                target.return_1d,
                row_number() over (order by target.trade_date desc) as back
            from {{ target }} as target
            where target.ticker = bars.ticker and target.trade_date < bars.trade_date
            order by target.trade_date desc
            limit 119
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
