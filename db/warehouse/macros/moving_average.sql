{# The mean close of a row of windows over the last `length` bars; null until there are so many. #}
{% macro moving_average(row, length) -%}
round({{ row }}.close_sum_{{ length }}d / {{ length }}, 8)
{%- endmacro %}
