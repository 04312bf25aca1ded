{# What the market's breadth counts of a row of windows, for a comparison. #}
{% macro counted_in_breadth(row) %}
        (
            {{ row }}.return_1d,
            {{ row }}.dollar_volume,
            case when {{ row }}.close_252d_ago <> 0 then {{ row }}.high_price >= {{ row }}.high_252d end,
            case when {{ row }}.close_252d_ago <> 0 then {{ row }}.low_price <= {{ row }}.low_252d end,
            {{ row }}.close_price > {{ moving_average(row, 50) }},
            {{ row }}.close_price > {{ moving_average(row, 200) }}
        )
{%- endmacro %}
