{# Types of which a company has ordinarily one, so that it names its security. Of funds, preferred shares, warrants and the like an issuer
  has many. #}
{% macro is_one_per_company(type) -%}
{{ type }} in ('CS', 'ADRC', 'ADRP', 'GDR', 'NYRS', 'OS')
{%- endmacro %}

{#
  Each listed row of `listings` with its security. Two labels that trade at a time are of two securities, whatever their keys say, and
  where a row does not say when it ended, nobody can put it before or after another: then it is the label's own.
#}
{% macro listed_securities(listings) %}
    select
        keyed.*,
        case
            when security_key is null or active_rows > 1 or (key_rows > 1 and not active and delisted_on is null)
                then 'label:' || ticker || case when active then '' else ':' || coalesce(delisted_on::text, 'delisted') end
            else security_key
        end collate "C" as security_id,
        case when active then 'infinity' else coalesce(delisted_on, '-infinity') end::date as ended_on
    from (
        select
            *,
            count(*) over (partition by security_key) as key_rows,
            count(*) filter (where active) over (partition by security_key) as active_rows
        from {{ listings }}
        where listed
    ) as keyed
{% endmacro %}

{#
  Who holds each label when, of the rows of `securities`: for each label periods without gap or overlap over all time, and for each
  security no two labels on one day.

  A label's holder keeps it up to the day of its delisting, which the vendor gives as the last session or the day after it, and the next
  one has it from the day after. A security that goes on under another label has that one from the day on which the first ended. What
  lies between is the label's own.
#}
{% macro label_holders(securities) %}
    with chained as (
        select
            *,
            lag(ended_on) over chain as taken_over_on,
            lead(ended_on) over chain is not null as is_renamed
        from {{ securities }}
        window chain as (partition by security_id order by ended_on, ticker, listing)
    ),

    ended as (
        select
            *,
            case when is_renamed then ended_on - 1 else ended_on end as last_day
        from chained
    ),

    placed as (
        select
            *,
            coalesce(
                max(last_day) over (
                    partition by ticker order by ended_on, security_id, listing
                    rows between unbounded preceding and 1 preceding
                ) + 1,
                '-infinity'
            ) as free_from,
            lead(ticker) over (partition by ticker order by ended_on, security_id, listing) is null as is_last
        from ended
    ),

    bounded as (
        select
            *,
            greatest(free_from, taken_over_on) as valid_from,
            -- Nobody else has it since: bars after the day that the vendor gives are still of the same.
            case when is_last and not is_renamed then 'infinity' else last_day end as valid_to
        from placed
    )

    select
        ticker,
        valid_from,
        valid_to,
        security_id,
        listing,
        taken_over_on is not null as follows,
        not is_renamed as is_newest
    from bounded
    where valid_from <= valid_to and valid_from < 'infinity' and valid_to > '-infinity'

    union all

    select
        ticker,
        free_from as valid_from,
        least(valid_from - 1, valid_to) as valid_to,
        'label:' || ticker as security_id,
        null as listing,
        true as follows,
        false as is_newest
    from bounded
    where
        free_from <= least(valid_from - 1, valid_to)
        and free_from < 'infinity'
        and least(valid_from - 1, valid_to) > '-infinity'

    union all

    select
        ticker,
        greatest(valid_to + 1, free_from) as valid_from,
        'infinity' as valid_to,
        'label:' || ticker as security_id,
        null as listing,
        true as follows,
        true as is_newest
    from bounded
    where is_last and valid_to < 'infinity' and free_from < 'infinity'
{% endmacro %}

{#
  The security that holds the label of `row` on a day. What is only announced for a label's last day, or names the label that ended on
  that very day, is of whoever had it the day before.
#}
{% macro security_on(row, day) %}
        coalesce(
            (
                select periods.security_id
                from {{ ref('int_polygon__ticker_periods') }} as periods
                where
                    periods.ticker = {{ row }}.ticker
                    and periods.valid_from <= {{ row }}.{{ day }}
                    and periods.valid_to >= {{ row }}.{{ day }} - 1
                order by periods.listing is null, periods.valid_from desc
                limit 1
            ),
            'label:' || {{ row }}.ticker
        )
{%- endmacro %}
