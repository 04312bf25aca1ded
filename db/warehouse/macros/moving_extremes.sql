{#
  Makes the aggregates moving_max and moving_min: max and min for moving windows. PostgreSQL's own look at the whole window again
  for each row, as a value that leaves cannot be taken out of a maximum. Nearly always it need not be: the maximum stays what it is
  when a smaller value leaves, and only when it leaves itself, which null tells, is the window looked at again.

  plpgsql, as a call of it costs a third of one to an SQL function.
#}
{% macro moving_extremes() %}
do $$
begin
    if to_regprocedure('{{ target.schema }}.moving_min(numeric)') is not null then
        return;
    end if;

    create or replace function {{ target.schema }}.moving_max_without(extreme numeric, leaving numeric) returns numeric
    language plpgsql immutable strict parallel safe
    as 'begin return case when leaving < extreme then extreme end; end';

    create or replace function {{ target.schema }}.moving_min_without(extreme numeric, leaving numeric) returns numeric
    language plpgsql immutable strict parallel safe
    as 'begin return case when leaving > extreme then extreme end; end';

    create aggregate {{ target.schema }}.moving_max(numeric) (
        sfunc = numeric_larger, stype = numeric,
        msfunc = numeric_larger, minvfunc = {{ target.schema }}.moving_max_without, mstype = numeric,
        parallel = safe
    );

    create aggregate {{ target.schema }}.moving_min(numeric) (
        sfunc = numeric_smaller, stype = numeric,
        msfunc = numeric_smaller, minvfunc = {{ target.schema }}.moving_min_without, mstype = numeric,
        parallel = safe
    );
end
$$
{% endmacro %}
