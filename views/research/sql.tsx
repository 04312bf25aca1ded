import { describedBy, Empty, Field, Pager, Section } from "../components.tsx";
import { formatInteger } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { SqlAnswer, SqlHistory } from "./sql-result.tsx";
import type { SqlForm, SqlPageView, SqlRelation, SqlRun } from "./sql-view.ts";

const Editor = ({ form, limits }: Pick<SqlPageView, "form" | "limits">) => (
  <form
    id="sql-form"
    class="sql-form"
    method="post"
    action="/sql"
    hx-post="/sql"
    hx-target="#sql-answer"
    hx-swap="outerMorph"
    hx-disable="find button"
  >
    <input type="hidden" name="key" value={form.key} />
    {form.saved && <input type="hidden" name="query" value={form.saved.id} />}
    <label for="sql-text">Query</label>
    <textarea
      id="sql-text"
      name="sql"
      rows={9}
      spellcheck={false}
      autocapitalize="off"
      autocomplete="off"
      aria-describedby="sql-text-hint"
      placeholder="select ticker, name from dim_tickers order by ticker"
    >
      {`\n${form.text}`}
    </textarea>
    <p class="hint" id="sql-text-hint">
      One statement that reads, for at most {limits.seconds} s; up to {formatInteger(limits.rows)} rows here,{" "}
      {formatInteger(limits.csvRows)} as a file. <span class="sql-keys">Ctrl+Enter runs it.</span>
    </p>
    <p class="actions">
      <button type="submit" class="button primary" name="do" value="rows">
        Run
      </button>
      <button type="submit" class="button" name="do" value="plan">
        Explain
      </button>
      <button type="submit" class="button" name="do" value="analyze">
        Explain analyze
      </button>
      {/* A file is saved by the browser, and exchanged with nothing. */}
      {["CSV", "XLSX", "Parquet"].map((format) => (
        <button type="submit" class="button" formaction={`/sql/result.${format.toLowerCase()}`} data-plain>
          {format}
        </button>
      ))}
    </p>
  </form>
);

/** Shown by the style sheet while the form's answer is awaited; without scripts the history below has it. */
const Cancel = ({ form }: { form: SqlForm }) => (
  <form id="sql-cancel" class="sql-cancel" method="post" action="/sql/cancel" hx-post="/sql/cancel" hx-swap="none">
    <input type="hidden" name="key" value={form.key} />
    <span role="status">Running…</span>
    <button type="submit" class="button danger">
      Cancel
    </button>
  </form>
);

/** Keeps what stands in the editor, which is another form's field. */
const Save = ({ form, problem }: { form: SqlForm; problem: string | null }) => (
  <div class="sql-save changes">
    <Field id="sql-name" label="Save as" error={form.nameProblem ?? undefined}>
      <input
        id="sql-name"
        name="name"
        form="sql-form"
        value={form.name}
        autocomplete="off"
        {...describedBy("sql-name", false, form.nameProblem ?? undefined)}
      />
    </Field>
    <button type="submit" class="button" form="sql-form" formaction="/sql/queries" data-plain>
      Save
    </button>
    {problem && (
      <p class="field-error" role="alert">
        {problem}
      </p>
    )}
  </div>
);

const Button = ({ action, label, about }: { action: string; label: string; about: string }) => (
  <form method="post" action={action}>
    <button type="submit" class="link">
      {label}
      <span class="visually-hidden"> {about}</span>
    </button>
  </form>
);

const Saved = ({ view }: { view: SqlPageView }) => (
  <Section id="sql-saved" title="Saved queries">
    {view.undo && (
      <div class="undo" role="status">
        <p class="break">“{view.undo.name}” was deleted.</p>
        <Button action={`/sql/queries/${view.undo.id}/restore`} label="Undo" about={`deleting ${view.undo.name}`} />
      </div>
    )}
    <Save form={view.form} problem={view.problem} />
    {view.saved.length === 0 && <p class="note">None is saved.</p>}
    <ul class="sql-saved">
      {view.saved.map(({ id, name, createdBy }) => (
        <li id={`query-${id}`}>
          <a class="break" href={`/sql?query=${id}`} aria-current={view.form.saved?.id === id ? "true" : undefined}>
            {name}
          </a>
          <span class="note">{createdBy}</span>
          <Button action={`/sql/queries/${id}/delete`} label="Delete" about={name} />
        </li>
      ))}
    </ul>
    {view.deleted.length > 0 && (
      <details>
        <summary>Recently deleted</summary>
        <ul class="sql-saved">
          {view.deleted.map(({ id, name }) => (
            <li>
              <span class="break">{name}</span>
              <Button action={`/sql/queries/${id}/restore`} label="Restore" about={name} />
            </li>
          ))}
        </ul>
      </details>
    )}
  </Section>
);

const nameOf = ({ schema, name }: SqlRelation) => (schema === "public" ? name : `${schema}.${name}`);

const Relation = ({ relation }: { relation: SqlRelation }) => (
  <details>
    <summary>
      <code class="break">{nameOf(relation)}</code>
      {relation.kind === "view" && <small> view</small>}
    </summary>
    {relation.description && <p class="note">{relation.description}</p>}
    <p>
      <a href={`/sql?text=${encodeURIComponent(`select * from ${nameOf(relation)} limit 100`)}`}>
        Its first rows<span class="visually-hidden"> of {nameOf(relation)}</span>
      </a>
    </p>
    <dl class="sql-columns">
      {relation.columns.map(({ name, type, description }) => (
        <div>
          <dt>
            <code class="break">{name}</code> <small>{type}</small>
          </dt>
          {description && <dd>{description}</dd>}
        </div>
      ))}
    </dl>
  </details>
);

const Tables = ({ relations }: { relations: SqlRelation[] }) => (
  <Section id="sql-tables" title="Tables" note="What is published; nothing else can be read">
    {relations.length === 0 && <p class="note">Nothing is published yet: the first transform has not ended.</p>}
    <div class="sql-relations">
      {relations.map((relation) => (
        <Relation relation={relation} />
      ))}
    </div>
  </Section>
);

const Missing = ({ missing }: { missing: NonNullable<SqlPageView["missing"]> }) => (
  <Empty>
    <p>
      <strong>Nothing can be run here yet.</strong> Queries run as a login that reads what is published and nothing
      else, and Barline may not make it in this database: {missing.reason}. No wider login is taken in its place.
    </p>
    {missing.statements.length > 0 && (
      <>
        <p>
          Somebody who may make roles can run this, once; or <code>alter role … createrole</code> for Barline’s own
          login. Then load this page anew.
        </p>
        <section class="scroll" aria-label="Statements to run" tabindex={0}>
          <pre class="sql-lines">{missing.statements.join("\n")}</pre>
        </section>
      </>
    )}
  </Empty>
);

/** Queries over what is published: the editor and what came of it, and beside it what can be read and what is saved. */
export const sqlPage = ({ shell, view, now }: { shell: Shell; view: SqlPageView; now: Date }) =>
  toDocument(
    <Page title="SQL" shell={shell} hasPlot scripts={[shell.assets.sql]}>
      <header class="page-head">
        <h1>SQL</h1>
      </header>
      {view.missing ? (
        <Missing missing={view.missing} />
      ) : (
        <div class="sql-page">
          <div class="sql-main">
            <Editor form={view.form} limits={view.limits} />
            <Cancel form={view.form} />
            <SqlAnswer result={view.result} history={view.history} limits={view.limits} now={now} />
          </div>
          <div class="sql-side">
            <Saved view={view} />
            <Tables relations={view.relations} />
          </div>
        </div>
      )}
    </Page>,
  );

type HistoryPage = { shell: Shell; history: SqlRun[]; older: string | null; newest: string | null; now: Date };

/** Everything that was run and is still kept, a page at a time. */
export const sqlHistoryPage = ({ shell, history, older, newest, now }: HistoryPage) =>
  toDocument(
    <Page title="SQL history" shell={shell}>
      <header class="page-head">
        <h1>SQL history</h1>
        <a class="button" href="/sql">
          New query
        </a>
      </header>
      {history.length === 0 ? (
        <Empty>
          <p>
            Nothing was run. <a href="/sql">Run a query</a>: it is kept here with who ran it.
          </p>
        </Empty>
      ) : (
        <SqlHistory history={history} now={now} />
      )}
      <Pager newer={newest} older={older} />
    </Page>,
  );
