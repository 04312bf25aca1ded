{# What the market's breadth counts of a row of the fact table, for a comparison. #}
{% macro counted_in_breadth(bar) %}
        (
            {{ bar }}.return_1d,
            {{ bar }}.dollar_volume,
            case when {{ bar }}.return_252d is not null then {{ bar }}.high_price >= {{ bar }}.high_252d end,
            case when {{ bar }}.return_252d is not null then {{ bar }}.low_price <= {{ bar }}.low_252d end,
            {{ bar }}.close_price > {{ bar }}.moving_avg_50d,
            {{ bar }}.close_price > {{ bar }}.moving_avg_200d
        )
{%- endmacro %}
