{% macro echo(x) %}{{ x }}{% endmacro %}
{% macro takes_default(a='d') %}{{ a }}{% endmacro %}
{% macro takes_two(a, b) %}{{ a }}-{{ b }}{% endmacro %}
{% macro depends_on_first(a, b=a) %}{{ a }}{{ b }}{% endmacro %}
{% macro with_varargs() %}{{ varargs }}{% endmacro %}
{% macro with_kwargs(a) %}{{ a }}{{ kwargs }}{% endmacro %}
{% macro with_both() %}{{ varargs }}{{ kwargs }}{% endmacro %}
{% macro returns_list() %}{{ return([1, 2]) }}{% endmacro %}
{% macro returns_none() %}text{% do return(none) %}{% endmacro %}
{% macro returns_dict() %}{% set d = {'a': 5} %}{{ return(d) }}{% endmacro %}
{% macro returns_early(x) %}{% if x %}{{ return('early') }}{% endif %}late{% endmacro %}
{% macro returns_twice() %}{{ return(1) }}{{ return(2) }}{% endmacro %}
{% macro returns_in_loop(l) %}{% for x in l %}{{ return(x) }}{% endfor %}{% endmacro %}
{% macro prints_number() %}{{ 42 }}{% endmacro %}
{% macro wraps() %}<{{ caller(5) }}>{% endmacro %}
{% macro wraps_plain() %}<{{ caller() }}>{% endmacro %}
{% macro wraps_two() %}<{{ caller(1) }}{{ caller(1, 2) }}{{ caller(b=7, a=8) }}>{% endmacro %}
{% macro calls_other(x) %}{{ echo(x) }}{{ takes_default(x) }}{% endmacro %}
{% macro recursive_sum(n) %}{% if n == 0 %}{{ return(0) }}{% endif %}{{ return(n + recursive_sum(n - 1)) }}{% endmacro %}
{% macro has_caller() %}{{ caller is defined }}{% endmacro %}
{% macro sees_variable() %}{{ seen }}{% endmacro %}
{% macro applies(f, x) %}{{ f(x) }}{% endmacro %}
{% macro trimmed() -%}
    x
{%- endmacro %}
{% macro untrimmed() %}
    x
{% endmacro %}
{% macro default_list(l=[1, 2]) %}{{ l | join(',') }}{% endmacro %}
{% macro default_mutable(l=[]) %}{% do l.append(1) %}{{ l }}{% endmacro %}
{% macro loops(l) %}{% for x in l %}{{ loop.index }}:{{ x }}{% if not loop.last %},{% endif %}{% endfor %}{% endmacro %}
{% macro sets_inside() %}{% set a = 1 %}{% for x in [1, 2] %}{% set a = a + x %}{% endfor %}{{ a }}{% endmacro %}
{% macro uses_namespace(l) %}{% set ns = namespace(total=0) %}{% for x in l %}{% set ns.total = ns.total + x %}{% endfor %}{{ return(ns.total) }}{% endmacro %}
{% macro modifies(l) %}{% do l.append('b') %}{{ return(l) }}{% endmacro %}
{% macro typed(a: int, b: list[str] = none) %}{{ a }}{{ b }}{% endmacro %}
{% macro fails_in_macro() %}{{ 1 / 0 }}{% endmacro %}
{% macro uses_do_and_return() %}{% set out = [] %}{% for x in range(3) %}{% do out.append(x * 2) %}{% endfor %}{% do return(out) %}{% endmacro %}
{% macro conditional_return(x) %}{% if x %}{{ return(true) }}{% endif %}{% endmacro %}
{% macro value(sql) %}{{ return(run_query(sql).columns[0].values()[0]) }}{% endmacro %}
{% macro shown(sql) %}{% set column = run_query(sql).columns[0].values() %}{{ column[0] }} {{ column }}{% endmacro %}
