{# Whether the large tables lie on shards. Barline sets it; dbt by itself knows one server. #}
{% macro is_distributed() %}{{ return(var('distributed', false)) }}{% endmacro %}

{# When the build began, by the coordinator's clock: each worker has another one. #}
{% macro build_time() -%}
{% if is_distributed() %}current_setting('barline.now')::timestamptz{% else %}now(){% endif %}
{%- endmacro %}

{#
  Looks up, for each row of what stands before, the rows of `relation` that `condition` finds by an index. On one server `offset 0` keeps it
  one look-up a row, where the planner might want to read all. Over shards no such look-up can be sent, and a join is: few rows go to
  each of them.
#}
{% macro looked_up(relation, name, condition) -%}
{% if is_distributed() -%}
inner join {{ relation }} as {{ name }} on {{ condition }}
{%- else -%}
cross join lateral (
        select *
        from {{ relation }} as {{ name }}
        where {{ condition }}
        offset 0
    ) as {{ name }}
{%- endif %}
{%- endmacro %}
