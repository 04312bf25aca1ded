{#
  Fails for each row of which a rule is false, and says which: one scan for all rules of a table. A rule is a condition in
  SQL by name; one that is null, as of an indicator whose window is not full, holds.
#}
{% test rows_hold(model, rules) %}
select
    case
        {%- for name, rule in rules.items() %}
        when ({{ rule }}) is false then '{{ name }}'
        {%- endfor %}
    end as broken_rule,
    tested.*
from {{ model }} as tested
where
    -- False where any is, and null at the least where none is.
    (
        {%- for rule in rules.values() %}
        ({{ rule }}){% if not loop.last %} and{% endif %}
        {%- endfor %}
    ) is false
{% endtest %}
