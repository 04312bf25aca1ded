{#
  Today's date in New York, where a split takes effect. `barline.today` replaces it for one session of Postgres, so that
  a build can be repeated as of another day: `PGOPTIONS="-c barline.today=2020-08-31" dbt build`.
  It is the statement's time, not the transaction's: a transaction may have begun before the rows it reads were written.
#}
{% macro new_york_today() -%}
coalesce(
    nullif(current_setting('barline.today', true), '')::date,
    (statement_timestamp() at time zone 'America/New_York')::date
)
{%- endmacro %}
