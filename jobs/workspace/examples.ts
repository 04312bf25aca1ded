/** What the first start writes into an empty workspace, by path. Nothing of it is built before somebody takes away `.example`. */
export const examples: Record<string, string> = {
  "README.md": `# Your own models, tests and strategies

What you put here is built on Barline's published tables, after each publication and a few seconds after each change: no restart. It is an
ordinary dbt project that lies over the shipped one. Take \`.example\` off the name of a file to try it.

- \`models/\`, \`seeds/\`, \`snapshots/\`, \`tests/\`, \`macros/\`: as in dbt. \`ref('fct_polygon__stock_bars_performance')\` and every other shipped
  model, seed, snapshot and \`source()\` can be read; shipped macros are called as \`barline.new_york_today()\`.
- \`dbt_packages/\`: what your own \`dbt deps\` installed.
- \`dbt_project.yml\`: optional; \`vars\` and configs of your own nodes.
- \`strategies/\`: backtest strategies.

Models that read each other are a group, built, tested and published together or not at all. What is wrong with one group is told with file
and line, keeps no other, and never the market. Columns of a model with one row a (ticker, trade_date), (security_id, trade_date) or ticker
are offered where Barline shows columns, with the descriptions that your YAML gives them. A model may not have the name of a shipped one.
What you delete here is dropped with the next run; only what this folder has published.

\`bun run workspace check\` builds and tests all of it without publishing. \`bun run workspace dbt FOLDER\` writes a project for real dbt, of
this and the shipped one: \`dbt build --project-dir FOLDER\`.
`,
  "dbt_project.yml.example": `# Optional. Variables and configs of your own nodes; the shipped ones see nothing of it.
name: workspace
version: "1.0.0"
config-version: 2

vars:
  z_score_sessions: 20

models:
  workspace:
    +materialized: table
`,
  "models/z_score.sql.example": `-- How many standard deviations a close is away from its mean of the last 20 sessions. One row a (ticker, trade_date), so that its column is
-- offered in the screener and on charts.
{{ config(materialized='table') }}

{% set sessions = var('z_score_sessions', 20) %}

with windows as (
    select
        ticker,
        trade_date,
        close_price,
        avg(close_price) over last_sessions as mean,
        stddev_samp(close_price) over last_sessions as deviation,
        count(*) over last_sessions as sessions
    from {{ ref('fct_polygon__stock_bars_performance') }}
    window last_sessions as (
        partition by security_id
        order by trade_date
        rows between {{ sessions - 1 }} preceding and current row
    )
)

select
    ticker,
    trade_date,
    case when sessions = {{ sessions }} then round((close_price - mean) / nullif(deviation, 0), 4) end as z_score
from windows
`,
  "models/z_score.yml.example": `models:
  - name: z_score
    description: How unusual a close is beside those of the last 20 sessions.
    columns:
      - name: ticker
        data_tests: [not_null]
      - name: trade_date
        data_tests: [not_null]
      - name: z_score
        description: Standard deviations from the mean of 20 sessions.
`,
  "seeds/sectors.csv.example": `ticker,sector
AAPL,Technology
XOM,Energy
`,
  "seeds/sectors.yml.example": `seeds:
  - name: sectors
    description: The sector of each company, by ticker.
    columns:
      - name: ticker
        data_tests: [unique, not_null]
      - name: sector
        description: Where its business is.
`,
  "tests/z_scores_are_plausible.sql.example": `-- A test is a query that should find nothing. This one only warns.
{{ config(severity='warn') }}

select ticker, trade_date, z_score
from {{ ref('z_score') }}
where abs(z_score) > 10
`,
  "macros/percent_change.sql.example": `{# Called in your models as {{ percent_change('close_price', 'open_price') }}. #}
{% macro percent_change(now, before) -%}
round(100.0 * ({{ now }} - {{ before }}) / nullif({{ before }}, 0), 4)
{%- endmacro %}
`,
  "snapshots/sector_history.sql.example": `{# Keeps what each row of the seed was, and from when until when. #}
{% snapshot sector_history %}
{{ config(unique_key='ticker', strategy='check', check_cols=['sector']) }}

select * from {{ ref('sectors') }}
{% endsnapshot %}
`,
};
