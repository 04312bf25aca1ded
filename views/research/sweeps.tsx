import { Ago, Empty, HowToFill, Progress, Section, State, TableScroll } from "../components.tsx";
import { formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import { MissingRole } from "../missing-roles.tsx";
import type { Shell } from "../shell.ts";
import { formatMetric } from "./backtest-format.ts";
import { SweepFormView } from "./sweep-form.tsx";
import { titleOf } from "./sweep-parts.tsx";
import type { SweepForm, SweepSummary } from "./sweep-view.ts";

type ListProps = {
  sweeps: SweepSummary[];
  kept: number;
  now: Date /** Whether a process is alive that takes them. */;
  isServed: boolean;
};

const Row = ({ sweep, now }: { sweep: SweepSummary; now: Date }) => {
  const { id, state, best } = sweep;
  return (
    <tr>
      <th scope="row">
        <a href={`/sweeps/${id}`}>{titleOf(sweep)}</a>
        <small>{sweep.searched || "its defaults"}</small>
      </th>
      <td>
        <State state={state} {...(state === "interrupted" && { label: "Interrupted" })} />
        {state === "running" && <Progress value={sweep.done} max={sweep.points} label={`Sweep ${id}`} />}
      </td>
      <td class="number">{formatInteger(sweep.points)}</td>
      <td>
        {best === null ? (
          none
        ) : (
          <>
            {best.params || "the defaults"}
            <small>
              {best.score.label} {formatMetric(best.score.name, best.score.unit, best.inSample)}
              {best.outOfSample !== null &&
                `, out of sample ${formatMetric(best.score.name, best.score.unit, best.outOfSample)}`}
            </small>
          </>
        )}
      </td>
      <td class="nowrap">
        <Ago at={sweep.createdAt} now={now} />
        <small>{sweep.createdBy}</small>
      </td>
    </tr>
  );
};

const isOpen = ({ state }: SweepSummary) => state === "queued" || state === "running";

/** The sweeps that are kept; asked for again while one of them is under way. */
export const SweepList = ({ sweeps, kept, now, isServed }: ListProps) => (
  <div
    id="sweep-list"
    {...(sweeps.some(isOpen) && {
      "hx-get": "/sweeps",
      "hx-trigger": "every 2s",
      "hx-target": "#sweep-list",
      "hx-swap": "outerMorph",
    })}
  >
    {!isServed && <MissingRole called="sweep" />}
    {sweeps.length === 0 ? (
      <Empty>
        <p>
          None yet. A sweep runs a strategy with every combination of the parameters that you list, and shows which was
          best, beside how much of that chance explains.
        </p>
        <p>
          Parameters are chosen on the first part of the sessions only; the part after it shows what the choice is
          worth.
        </p>
      </Empty>
    ) : (
      <Section id="sweeps" title="Sweeps" note={`The newest ${kept} are kept`}>
        <TableScroll label="Sweeps">
          <table class="sweep-list">
            <thead>
              <tr>
                <th scope="col">Sweep</th>
                <th scope="col">State</th>
                <th scope="col" class="number">
                  Points
                </th>
                <th scope="col">Best point</th>
                <th scope="col">Begun</th>
              </tr>
            </thead>
            <tbody>
              {sweeps.map((sweep) => (
                <Row sweep={sweep} now={now} />
              ))}
            </tbody>
          </table>
        </TableScroll>
      </Section>
    )}
  </div>
);

type PageProps = { shell: Shell; form: SweepForm; list: ListProps; isPublished: boolean };

/** Search a strategy's parameters, and find the searches of before. */
export const sweepsPage = ({ shell, form, list, isPublished }: PageProps) =>
  toDocument(
    <Page title="Sweeps" shell={shell}>
      <header class="page-head">
        <h1>Sweeps</h1>
      </header>
      {isPublished ? (
        <div class="backtest">
          <SweepFormView form={form} />
          <SweepList {...list} />
        </div>
      ) : (
        <Empty>
          <p>
            Nothing is published yet, so there is nothing to search on. <HowToFill />
          </p>
        </Empty>
      )}
    </Page>,
  );
