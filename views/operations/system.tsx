import type { HousekeepingRow, ProcessRow } from "../../db/queries/operations/read-system.ts";
import { Ago, Empty, Fact, Instant, Section, State, TableScroll } from "../components.tsx";
import { formatBytes, formatCount, formatElapsed, formatInteger, none } from "../format.ts";
import { Page, toDocument } from "../layout.tsx";
import { MissingRole } from "../missing-roles.tsx";
import type { Shell } from "../shell.ts";
import { type CleanUpForm, CleanUpFormView } from "./cleanup-form.tsx";
import { type RetentionForm, RetentionFormView } from "./retention-form.tsx";
import { DatabaseSizes, LakeSizes, type SizesView } from "./system-sizes.tsx";
import { Tokens, type TokensView } from "./tokens.tsx";

type ProcessView = ProcessRow & {
  /** Whether it is the one that answers. */
  isThis: boolean;
};

type CleaningView = Omit<HousekeepingRow, "removed"> & { counts: Record<string, number> };

export type SystemView = {
  now: Date;
  processes: ProcessView[];
  /** What no living process does. */
  missingRoles: string[];
  sizes: SizesView;
  /** Over how many shards the large tables are spread; null where one server has them. */
  shards: number | null;
  cleanings: CleaningView[];
};

export type SystemPageProps = {
  shell: Shell;
  system: SystemView;
  retention: RetentionForm;
  cleanUp: CleanUpForm;
  /** Null where no password is set. */
  tokens: TokensView | null;
};

const lakeBytes = ({ sizes: { lake } }: SystemView) =>
  lake.parts.reduce((sum, part) => sum + part.bytes, lake.since.bytes);
/** Below this share of the disk it is time to do something. */
const scarceShare = 0.1;

const Facts = ({ system }: { system: SystemView }) => {
  const { disk, databaseBytes, memory } = system.sizes;
  const alive = system.processes.filter(({ state }) => state === "alive").length;
  const last = system.cleanings.find(({ finishedAt }) => finishedAt !== null);
  return (
    <dl class="facts">
      <Fact term="Processes">{formatCount(alive, "alive", "alive")}</Fact>
      <Fact term="Database">
        {formatBytes(databaseBytes)}
        {system.shards !== null && <small>the large tables on {formatCount(system.shards, "shard")} of Citus</small>}
      </Fact>
      <Fact term="Lake">{formatBytes(lakeBytes(system))}</Fact>
      {disk && (
        <Fact term="Free on the disk of DATA_DIR" class={disk.freeBytes < disk.totalBytes * scarceShare ? "bad" : ""}>
          {formatBytes(disk.freeBytes)} <small>of {formatBytes(disk.totalBytes)}</small>
        </Fact>
      )}
      <Fact term="Memory of this process">
        {formatBytes(memory.processBytes)}
        {memory.databaseBytes !== null && <small>and {formatBytes(memory.databaseBytes)} of PostgreSQL</small>}
      </Fact>
      <Fact term="Last cleaned up" class={last?.error ? "bad" : ""}>
        {last ? <Ago at={last.finishedAt} now={system.now} /> : "never"}
        {last?.error && <small>with an error</small>}
      </Fact>
    </dl>
  );
};

const processStates: Record<ProcessView["state"], [string, string]> = {
  alive: ["success", "Alive"],
  lost: ["lost", "Lost"],
  stopped: ["idle", "Stopped"],
};

const Links = ({ to, name, ids }: { to: string; name: string; ids: number[] }) => (
  <>
    {ids.map((id, index) => (
      <>
        {index > 0 && ", "}
        <a href={`${to}/${id}`}>
          {name} {id}
        </a>
      </>
    ))}
  </>
);

/** What a process is at, a line for each kind of work. */
const Held = ({ process }: { process: ProcessView }) => {
  const { tasks, names, runs, sweeps, backtests } = process;
  if (tasks === 0 && sweeps.length === 0 && backtests === 0) return none;
  return (
    <>
      {tasks > 0 && (
        <div>
          {formatCount(tasks, "task")} ({names.join(", ")}) of <Links to="/runs" name="run" ids={runs} />
        </div>
      )}
      {sweeps.length > 0 && (
        <div>
          points of <Links to="/sweeps" name="sweep" ids={sweeps} />
        </div>
      )}
      {backtests > 0 && <div>{formatCount(backtests, "backtest")} over the universe</div>}
    </>
  );
};

const allRoles = 4;

const ProcessLine = ({ process, now }: { process: ProcessView; now: Date }) => {
  const [state, label] = processStates[process.state];
  return (
    <tr id={`process-${process.owner}`}>
      <th scope="row" class="nowrap">
        {process.host} <span class="note">pid {process.pid}</span>
        {process.isThis && <span class="tag">this one</span>}
        {process.leader && <span class="tag">schedules</span>}
      </th>
      <td>{process.roles.length === allRoles ? "all" : process.roles.join(", ")}</td>
      <td>
        <State state={state} label={label} />
      </td>
      <td class="nowrap">
        <Held process={process} />
      </td>
      <td class="number">{process.workers === 0 ? none : formatInteger(process.workers)}</td>
      <td class="nowrap">{process.version}</td>
      <td class="nowrap">
        <Instant at={process.startedAt} />
      </td>
      <td class="nowrap">
        <Ago at={process.heartbeatAt} now={now} />
      </td>
    </tr>
  );
};

const Processes = ({ system }: { system: SystemView }) => (
  <Section id="processes" title="Processes" note="That share this database; those that ended are shown for a week">
    {system.missingRoles.map((role) => (
      <MissingRole called={role} />
    ))}
    {system.processes.length === 0 ? (
      <Empty>
        <p>None has begun to work yet.</p>
      </Empty>
    ) : (
      <TableScroll label="Processes">
        <table>
          <thead>
            <tr>
              <th scope="col">Process</th>
              <th scope="col">Roles</th>
              <th scope="col">State</th>
              <th scope="col">Works on</th>
              <th scope="col" class="number">
                Workers
              </th>
              <th scope="col">Version</th>
              <th scope="col">Since</th>
              <th scope="col">Last seen</th>
            </tr>
          </thead>
          <tbody>
            {system.processes.map((process) => (
              <ProcessLine process={process} now={system.now} />
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
  </Section>
);

const removedNames: [string, string][] = [
  ["logs", "log lines"],
  ["tries", "tries"],
  ["events", "events"],
  ["rejects", "rejected rows"],
  ["results", "results"],
  ["alerts", "alerts"],
  ["lakeObjects", "raw answers"],
  ["expired", "expired records"],
];

/** What went, in words: only the kinds of which something went. */
function tellRemoved(counts: Record<string, number>): string {
  const told = removedNames.flatMap(([kind, name]) => (counts[kind] ? [`${formatInteger(counts[kind])} ${name}`] : []));
  if (counts.lakeBytes) told.push(`${formatBytes(counts.lakeBytes)} of the lake`);
  return told.join(", ") || "nothing was old enough";
}

const Cleanings = ({ system }: { system: SystemView }) => (
  <Section id="cleanings" title="Housekeeping" note="What was removed, and when">
    {system.cleanings.length === 0 ? (
      <Empty>
        <p>Not yet. It begins soon after the start.</p>
      </Empty>
    ) : (
      <TableScroll label="Last housekeeping">
        <table>
          <thead>
            <tr>
              <th scope="col">Began</th>
              <th scope="col">State</th>
              <th scope="col">Asked by</th>
              <th scope="col" class="number">
                Took
              </th>
              <th scope="col">Removed</th>
            </tr>
          </thead>
          <tbody>
            {system.cleanings.map((cleaning) => (
              <tr id={`cleaning-${cleaning.id}`}>
                <th scope="row" class="nowrap">
                  <Instant at={cleaning.startedAt} />
                </th>
                <td>
                  <State state={cleaning.state} />
                </td>
                <td class="nowrap">{cleaning.trigger === "manual" ? "somebody" : "the schedule"}</td>
                <td class="number nowrap">{formatElapsed(cleaning.startedAt, cleaning.finishedAt, system.now)}</td>
                <td class={`outcome ${cleaning.error ? "bad" : ""}`}>
                  {cleaning.error && <p>{cleaning.error}</p>}
                  {tellRemoved(cleaning.counts)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
  </Section>
);

/** What changes by itself; refreshes itself. */
export const SystemLive = ({ system }: { system: SystemView }) => {
  const isRunning = system.cleanings[0]?.state === "running";
  return (
    <div id="system-live" hx-get="/system" hx-trigger={isRunning ? "every 1s" : "every 5s"} hx-swap="outerMorph">
      <Facts system={system} />
      <Processes system={system} />
      <DatabaseSizes sizes={system.sizes} />
      <LakeSizes sizes={system.sizes} now={system.now} />
      <Cleanings system={system} />
    </div>
  );
};

/** The processes, what everything takes up, how long it is kept, and which programs are let in. */
export const systemPage = ({ shell, system, retention, cleanUp, tokens }: SystemPageProps) =>
  toDocument(
    <Page title="System" shell={shell}>
      <header class="page-head">
        <h1>System</h1>
      </header>
      <div class="split">
        <div>
          <SystemLive system={system} />
          {tokens && <Tokens view={tokens} />}
        </div>
        <div class="rail">
          <RetentionFormView form={retention} />
          <CleanUpFormView form={cleanUp} />
        </div>
      </div>
    </Page>,
  );
