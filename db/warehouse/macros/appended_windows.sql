{#
  The windows of bars that are appended, in the columns of the model's `windows`. It is the daily case, and `target` has what comes
  before: plain sums over its last rows cost a fifth of running windows along them. The values are the same, as the sums are exact.
#}
{% macro appended_windows(target) %}
    select
        case when position.bar_number >= 20 then bars.close_price + close_sums.from_1 end as close_sum_20d,
        case when position.bar_number >= 50 then bars.close_price + close_sums.from_1 + close_sums.from_20 end as close_sum_50d,
        case when position.bar_number >= 120 then bars.close_price + close_sums.from_1 + close_sums.from_20 + close_sums.from_50 end
            as close_sum_120d,
        case
            when position.bar_number >= 200
                then bars.close_price + close_sums.from_1 + close_sums.from_20 + close_sums.from_50 + close_sums.from_120
        end as close_sum_200d,
        case when position.bar_number >= 20 then bars.close_price * bars.close_price + last_19.close_square_sum end
            as close_square_sum_20d,
        case when position.bar_number >= 20 then bars.volume + last_19.volume_sum end as volume_sum_20d,
        {% for length in [20, 60] %}
        case
            when position.bar_number > {{ length }}
                then coalesce(this_bar.return_1d, 0) + coalesce(last_{{ length - 1 }}.return_sum, 0)
        end as return_sum_{{ length }}d,
        case
            when position.bar_number > {{ length }}
                then coalesce(this_bar.return_1d * this_bar.return_1d, 0) + coalesce(last_{{ length - 1 }}.return_square_sum, 0)
        end as return_square_sum_{{ length }}d,
        {% endfor %}
        case when position.bar_number > 14 then greatest(bars.close_price - last_251.closes[1], 0) + last_13.gain_sum end
            as gain_sum_14d,
        case when position.bar_number > 14 then abs(bars.close_price - last_251.closes[1]) + last_13.move_sum end as move_sum_14d,
        case
            when position.bar_number > 14
                then
                    greatest(bars.high_price, last_251.closes[1]) - least(bars.low_price, last_251.closes[1])
                    + last_13.true_range_sum
        end as true_range_sum_14d,
        this_bar.return_1d,
        bars.trade_date as write_from,
        bars.security_id,
        bars.trade_date,
        coalesce(bars.dividend_factor_from_here, last_13.dividend_factor, 1) as dividend_factor,
        last_251.closes[1] as previous_close,
        {% for length in [5, 21, 63] %}
        last_251.closes[{{ length }}] as close_{{ length }}d_ago,
        {% endfor %}
        case
            when cardinality(last_251.closes) = 251
                then (
                    -- Its date from the index alone, as to read 252 rows once more would take four times as long.
                    select {{ split_adjusted('earlier.close_price', 'decimals.price') }}
                    {{ adjusted_bars_of_label() }}
                    where
                        earlier.ticker = bars.ticker
                        and earlier.trade_date >= appended.label_from
                        and earlier.trade_date = (
                            select dates.trade_date
                            from {{ ref('stg_polygon__stock_bars_casted') }} as dates
                            where dates.ticker = bars.ticker and dates.trade_date < bars.trade_date
                            order by dates.trade_date desc
                            offset 251 limit 1
                        )
                )
        end as close_252d_ago,
        greatest(bars.high_price, last_251.high_price) as high_252d,
        least(bars.low_price, last_251.low_price) as low_252d,
        greatest(bars.close_price, last_251.close_price) as close_high_252d,
        bars as bar
    from ({{ appended_bars(target) }}) as appended
    inner join {{ ref('int_polygon__stock_bars_enriched') }} as bars
        on
            bars.security_id = appended.security_id
            and bars.ticker = appended.ticker
            and bars.trade_date = appended.trade_date
    cross join lateral (
        -- Newest first. From the bars, whose rows are a quarter of those of `target`: of a year's that is the difference
        -- between reading a gigabyte and not.
        select
            array_agg(close_price) as closes,
            max(high_price) as high_price,
            min(low_price) as low_price,
            max(close_price) as close_price
        from (
            select
                earlier.trade_date,
                {{ split_adjusted('earlier.close_price', 'decimals.price') }} as close_price,
                {{ split_adjusted('earlier.high_price', 'decimals.price') }} as high_price,
                {{ split_adjusted('earlier.low_price', 'decimals.price') }} as low_price
            {{ adjusted_bars_of_label() }}
            where earlier.ticker = bars.ticker and earlier.trade_date < bars.trade_date
            order by earlier.trade_date desc
            limit 251
        ) as bars_before
        where bars_before.trade_date >= appended.label_from
    ) as last_251
    cross join lateral (
        select coalesce(cardinality(last_251.closes), 0) + 1 as bar_number
    ) as position
    cross join lateral (
        select
            sum(return_1d) as return_sum,
            sum(return_1d * return_1d) as return_square_sum
        from ({{ rows_before(target, 59) }}) as rows_before
    ) as last_59
    cross join lateral (
        select
            sum(return_1d) as return_sum,
            sum(return_1d * return_1d) as return_square_sum,
            sum(close_price * close_price) as close_square_sum,
            sum(volume) as volume_sum
        from ({{ rows_before(target, 19) }}) as rows_before
    ) as last_19
    cross join lateral (
        select
            sum(greatest(close_price - previous_close, 0)) as gain_sum,
            sum(abs(close_price - previous_close)) as move_sum,
            sum(greatest(high_price, previous_close) - least(low_price, previous_close)) as true_range_sum,
            -- Factors of a security only grow, so the largest is the newest.
            max(dividend_factor) as dividend_factor
        from ({{ rows_before(target, 13) }}) as rows_before
    ) as last_13
    -- `offset 0` keeps the planner from doing all of it anew for each use.
    cross join lateral (
        select
            round(
                bars.exact_close_price
                / nullif(
                    case
                        when last_251.closes is not null
                            then (
                                select coalesce(earlier.close_price * factors.split_factor, earlier.close_price)
                                {{ adjusted_bars_of_label() }}
                                where earlier.ticker = bars.ticker and earlier.trade_date < bars.trade_date
                                order by earlier.trade_date desc
                                limit 1
                            )
                    end,
                    0
                )
                - 1,
                10
            ) as return_1d
        offset 0
    ) as this_bar
    cross join lateral (
        select
            {% for first, length in [(1, 19), (20, 49), (50, 119), (120, 199)] %}
            coalesce((select sum(closes.price) from unnest(last_251.closes[{{ first }}:{{ length }}]) as closes (price)), 0)
                as from_{{ first }}{{ "," if not loop.last }}
            {% endfor %}
        offset 0
    ) as close_sums
{% endmacro %}

{#
  The bars under the label of `bars`, with the factors of its security: through a join with the labels' periods they would not come in
  the order of the index. From `label_from` on all of them are of that security; that is asked of the few that were found, as the planner
  takes a range with two ends for a handful of rows, and then looks each up the slow way.
#}
{% macro adjusted_bars_of_label() -%}
            from {{ ref('stg_polygon__stock_bars_casted') }} as earlier
            left join {{ ref('int_polygon__split_factors') }} as factors
                on
                    factors.security_id = bars.security_id
                    and earlier.trade_date >= factors.valid_from
                    and earlier.trade_date < factors.valid_before
            cross join lateral (
                select {{ multiplied_decimals(8, 'factors.split_factor') }} as price
            ) as decimals
{%- endmacro %}

{# The `length` rows of `target` before the row of `bars`, newest first. #}
{% macro rows_before(target, length) %}
            select *
            from (
                select target.*
                from {{ target }} as target
                where target.ticker = bars.ticker and target.trade_date < bars.trade_date
                order by target.trade_date desc
                limit {{ length }}
            ) as rows_of_label
            where rows_of_label.trade_date >= appended.label_from
{% endmacro %}
