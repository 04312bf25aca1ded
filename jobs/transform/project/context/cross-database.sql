{# What dbt calls cross-database macros, as they come out on Postgres. A project's own macro of the same name goes first. #}
{# Where models stand, and what they are called there. #}
{% macro generate_schema_name(custom_schema_name=none, node=none) %}{{ return(default__generate_schema_name(custom_schema_name, node)) }}{% endmacro %}
{% macro default__generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema }}{% if custom_schema_name is not none %}_{{ custom_schema_name | trim }}{% endif %}
{%- endmacro %}
{% macro generate_schema_name_for_env(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if target.name == 'prod' and custom_schema_name is not none else target.schema }}
{%- endmacro %}
{% macro generate_alias_name(custom_alias_name=none, node=none) %}{{ return(default__generate_alias_name(custom_alias_name, node)) }}{% endmacro %}
{% macro default__generate_alias_name(custom_alias_name=none, node=none) -%}
    {{ custom_alias_name | trim if custom_alias_name else node.name }}
{%- endmacro %}

{% macro type_string() %}{{ return('TEXT') }}{% endmacro %}
{% macro type_timestamp() %}{{ return('timestamp') }}{% endmacro %}
{% macro type_float() %}{{ return('float') }}{% endmacro %}
{% macro type_numeric() %}{{ return('numeric(28,6)') }}{% endmacro %}
{% macro type_bigint() %}{{ return('bigint') }}{% endmacro %}
{% macro type_int() %}{{ return('integer') }}{% endmacro %}
{% macro type_boolean() %}{{ return('boolean') }}{% endmacro %}

{% macro current_timestamp() %}{{ return('now()') }}{% endmacro %}
{% macro snapshot_get_time() %}{{ return('now()::timestamp without time zone') }}{% endmacro %}
{% macro date(year, month, day) %}to_date('{{ '%04d-%02d-%02d' % (year, month, day) }}', 'YYYY-MM-DD'){% endmacro %}
{% macro date_trunc(datepart, date) %}date_trunc('{{ datepart }}', {{ date }}){% endmacro %}
{% macro dateadd(datepart, interval, from_date_or_timestamp) -%}
    {{ from_date_or_timestamp }} + ((interval '1 {{ datepart }}') * ({{ interval }}))
{%- endmacro %}
{% macro last_day(date, datepart) -%}
    {%- set months = {'month': 1, 'quarter': 3, 'year': 12}.get(datepart) -%}
    {%- if not months %}{{ exceptions.raise_compiler_error("last_day() knows month, quarter and year") }}{% endif -%}
    cast(date_trunc('{{ datepart }}', {{ date }}) + interval '{{ months }} month' - interval '1 day' as date)
{%- endmacro %}
{% macro datediff(first_date, second_date, datepart) -%}
    {%- set first, second = '(' ~ first_date ~ ')', '(' ~ second_date ~ ')' -%}
    {%- set part = "date_part('" ~ datepart ~ "', " -%}
    {%- if datepart == 'year' -%}
        ({{ part }}{{ second }}::date) - {{ part }}{{ first }}::date))
    {%- elif datepart == 'quarter' -%}
        ({{ datediff(first_date, second_date, 'year') }} * 4 + {{ part }}{{ second }}::date) - {{ part }}{{ first }}::date))
    {%- elif datepart == 'month' -%}
        ({{ datediff(first_date, second_date, 'year') }} * 12 + {{ part }}{{ second }}::date) - {{ part }}{{ first }}::date))
    {%- elif datepart == 'day' -%}
        ({{ second }}::date - {{ first }}::date)
    {%- elif datepart == 'week' -%}
        ({{ datediff(first_date, second_date, 'day') }} / 7 + case
            when date_part('dow', {{ first }}::timestamp) <= date_part('dow', {{ second }}::timestamp)
                then case when {{ first_date }} <= {{ second_date }} then 0 else -1 end
            else case when {{ first_date }} <= {{ second_date }} then 1 else 0 end
        end)
    {%- elif datepart == 'hour' -%}
        ({{ datediff(first_date, second_date, 'day') }} * 24 + {{ part }}{{ second }}::timestamp) - {{ part }}{{ first }}::timestamp))
    {%- elif datepart == 'minute' -%}
        ({{ datediff(first_date, second_date, 'hour') }} * 60 + {{ part }}{{ second }}::timestamp) - {{ part }}{{ first }}::timestamp))
    {%- elif datepart == 'second' -%}
        ({{ datediff(first_date, second_date, 'minute') }} * 60 + floor({{ part }}{{ second }}::timestamp)) - floor({{ part }}{{ first }}::timestamp)))
    {%- else -%}
        {{ exceptions.raise_compiler_error("datediff() of '" ~ datepart ~ "' is not supported yet") }}
    {%- endif -%}
{%- endmacro %}

{% macro cast(field, type) %}cast({{ field }} as {{ type }}){% endmacro %}
{% macro safe_cast(field, type) %}cast({{ field }} as {{ type }}){% endmacro %}
{% macro cast_bool_to_text(field) %}cast({{ field }} as TEXT){% endmacro %}
{% macro hash(field) %}md5(cast({{ field }} as TEXT)){% endmacro %}
{% macro concat(fields) %}{{ fields | join(' || ') }}{% endmacro %}
{% macro length(expression) %}length({{ expression }}){% endmacro %}
{% macro position(substring_text, string_text) %}position({{ substring_text }} in {{ string_text }}){% endmacro %}
{% macro replace(field, old_chars, new_chars) %}replace({{ field }}, {{ old_chars }}, {{ new_chars }}){% endmacro %}
{% macro right(string_text, length_expression) %}right({{ string_text }}, {{ length_expression }}){% endmacro %}
{% macro split_part(string_text, delimiter_text, part_number) %}split_part({{ string_text }}, {{ delimiter_text }}, {{ part_number }}){% endmacro %}
{% macro string_literal(value) %}'{{ value }}'{% endmacro %}
{% macro escape_single_quotes(expression) %}{{ expression | replace("'", "''") }}{% endmacro %}
{% macro equals(expr1, expr2) %}({{ expr1 }} = {{ expr2 }}){% endmacro %}
{% macro except() %}except{% endmacro %}
{% macro intersect() %}intersect{% endmacro %}
{% macro any_value(expression) %}min({{ expression }}){% endmacro %}
{% macro bool_or(expression) %}bool_or({{ expression }}){% endmacro %}
{% macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) -%}
    {%- if limit_num -%}
        array_to_string((array_agg({{ measure }} {{ order_by_clause or '' }}))[1:{{ limit_num }}], {{ delimiter_text }})
    {%- else -%}
        string_agg({{ measure }}, {{ delimiter_text }} {{ order_by_clause or '' }})
    {%- endif -%}
{%- endmacro %}

{# One row a number, and one a period of time. #}
{% macro get_powers_of_two(upper_bound) %}
    {%- if upper_bound <= 0 %}{{ exceptions.raise_compiler_error("upper bound must be positive") }}{% endif -%}
    {%- for power in range(1, 100) if upper_bound <= 2 ** power %}{{ return(power) }}{% endfor -%}
{% endmacro %}
{% macro generate_series(upper_bound) %}
    select number::double precision as generated_number from generate_series(1, {{ upper_bound }}) as series (number)
    order by generated_number
{% endmacro %}
{% macro get_intervals_between(start_date, end_date, datepart) -%}
    {%- call statement('get_intervals_between', fetch_result=True) %}select {{ datediff(start_date, end_date, datepart) }}{% endcall -%}
    {%- set found = load_result('get_intervals_between') -%}
    {{ return(found['data'][0][0] if found and found['data'] else 1) }}
{%- endmacro %}
{% macro date_spine(datepart, start_date, end_date) %}
    with rawdata as ({{ generate_series(get_intervals_between(start_date, end_date, datepart)) }}),
    all_periods as (
        select ({{ dateadd(datepart, "row_number() over (order by 1) - 1", start_date) }}) as date_{{ datepart }} from rawdata
    ),
    filtered as (select * from all_periods where date_{{ datepart }} <= {{ end_date }})
    select * from filtered
{% endmacro %}
