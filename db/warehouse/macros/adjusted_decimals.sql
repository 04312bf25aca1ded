{#
  How many decimals keep apart from nothing what had `decimals` of them and is multiplied (a price) or divided (a volume) by a split
  factor. After eight reverse splits, 1 for 3.375e13 together, three million shares are 0.000000089 of today's; in six decimals
  that is none. In steps, as a logarithm for each bar would take longer than all the rest.
#}
{% macro multiplied_decimals(decimals, factor) -%}
case
        when {{ factor }} >= 1 then {{ decimals }}
        when {{ factor }} >= 0.0001 then {{ decimals + 4 }}
        when {{ factor }} >= 0.00000001 then {{ decimals + 8 }}
        else {{ decimals }} + scale({{ factor }})
    end
{%- endmacro %}

{% macro divided_decimals(decimals, factor) -%}
case
        when {{ factor }} <= 1 then {{ decimals }}
        when {{ factor }} <= 10000 then {{ decimals + 4 }}
        when {{ factor }} <= 100000000 then {{ decimals + 8 }}
        else {{ decimals }} + length(trunc({{ factor }})::text)
    end
{%- endmacro %}
