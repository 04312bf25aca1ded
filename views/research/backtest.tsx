import { Empty, HowToFill } from "../components.tsx";
import { formatDate } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import type { Shell } from "../shell.ts";
import { fieldId, fieldLabels } from "./backtest-fields.ts";
import { BacktestFormView } from "./backtest-form.tsx";
import { Result } from "./backtest-result.tsx";
import type { BacktestForm, BacktestView } from "./backtest-view.ts";
import { Words } from "./backtest-words.tsx";

/** What is wrong, each leading to its field. */
const Problems = ({ form }: { form: BacktestForm }) => (
  <ul class="run-problems">
    {form.others.map((message) => (
      <li>
        <Words text={message} />
      </li>
    ))}
    {Object.entries(form.errors).map(([name, message]) => (
      <li>
        <a href={`#${fieldId(name)}`}>{nameOf(form, name)}</a>: <Words text={message} />
      </li>
    ))}
  </ul>
);

/** What would run instead, each a click away. */
const Offers = ({ view }: { view: BacktestView }) =>
  view.offers === undefined || view.offers.length === 0 ? null : (
    <ul class="run-offers" aria-label="What would run">
      {view.offers.map((offer) => (
        <li>
          {offer.kind === "shorter" ? (
            <a class="button primary" href={`${offer.url}#result`}>
              Run it with{" "}
              {offer.changes
                .map(
                  ({ name, value }) =>
                    `${nameOf(view.form, `${view.form.draft.strategy}.${name}`).toLowerCase()} ${value}`,
                )
                .join(", ")}
            </a>
          ) : (
            <a class="button" href={offer.url}>
              Backfill {formatDate(offer.from)} to {formatDate(offer.to)}
            </a>
          )}
        </li>
      ))}
    </ul>
  );

function nameOf(form: BacktestForm, name: string): string {
  const parameter = form.strategies.flatMap(({ parameters }) => parameters).find((one) => one.name === name);
  return parameter?.label ?? fieldLabels[name] ?? name;
}

/** The form and what came of it: the part that htmx exchanges. */
export const Backtest = ({ view }: { view: BacktestView }) => {
  const wrong = Object.keys(view.form.errors).length + view.form.others.length;
  return (
    <div id="backtest" class="backtest">
      <BacktestFormView form={view.form} />
      {view.result ? (
        <Result view={view.result} />
      ) : (
        <div class="run-result" id="result" tabindex={-1}>
          {wrong > 0 ? (
            <div class="error-note" role="alert">
              <p class="message">
                This cannot be run as it is asked: see the {wrong === 1 ? "field" : "fields"} marked.
              </p>
              <Problems form={view.form} />
              <Offers view={view} />
            </div>
          ) : (
            <Empty>
              <p>
                The form is filled in with a ticker that is there. Run it, then change one thing at a time: the address
                keeps every setting, so that it can be shared and gives the same run again.
              </p>
              <p>
                Signals on the close of a session fill at the next session's open. <a href="/strategies">Every rule</a>{" "}
                is written down.
              </p>
            </Empty>
          )}
        </div>
      )}
    </div>
  );
};

/** Test a strategy on the published bars. */
export const backtestPage = ({ shell, view }: { shell: Shell; view: BacktestView }) =>
  toDocument(
    <Page
      title={view.result ? `Backtest of ${view.result.title}` : "Backtest"}
      shell={shell}
      hasPlot
      scripts={[shell.assets.backtest]}
    >
      <header class="page-head">
        <h1>Backtest</h1>
      </header>
      {view.isPublished ? (
        <Backtest view={view} />
      ) : (
        <Empty>
          <p>
            Nothing is published yet, so there is nothing to test on. <HowToFill />
          </p>
        </Empty>
      )}
    </Page>,
  );
