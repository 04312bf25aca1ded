{#
  A price in today's shares. Without a split it stands as it is: most bars are spared the arithmetic.
  Eight decimals, so that whoever rounds to the vendor's four gets the vendor's figure: 85.93 / 1.195 is 71.9079498, which by way of
  six decimals, 71.907950, would become 71.9080. More where a split makes so little of a price that it would be none.
#}
{% macro split_adjusted(price) -%}
case
            when factors.split_factor is null then {{ price }}
            else round({{ price }} * factors.split_factor, {{ multiplied_decimals(8, 'factors.split_factor') }})
        end
{%- endmacro %}
