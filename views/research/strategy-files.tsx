import { Empty, Section, State, TableScroll } from "../components.tsx";
import { Words } from "./backtest-words.tsx";

/** A file of strategies in the workspace. */
export type StrategyFileView = {
  file: string;
  state: "checking" | "ok" | "broken";
  id: string | null;
  /** Why it is broken, and where: in the file itself, or in `problemFile`, which it imports. */
  message: string | null;
  problemFile: string | null;
  line: number | null;
  failedChecks: string[];
};

const stateLabels = { checking: "Being checked", ok: "In use", broken: "Broken" } as const;
const states = { checking: "running", ok: "pass", broken: "fail" } as const;

const StrategyFile = ({ file }: { file: StrategyFileView }) => (
  <tr>
    <th scope="row">
      <code>{file.file}</code>
    </th>
    <td>
      <State state={states[file.state]} label={stateLabels[file.state]} />
    </td>
    <td>
      {file.message !== null && (
        <>
          {(file.problemFile !== null || file.line !== null) && (
            <b>
              {[file.problemFile, file.line === null ? null : `line ${file.line}`]
                .filter((part) => part !== null)
                .join(", ")}
              :{" "}
            </b>
          )}
          <Words text={file.message} />
        </>
      )}
      {file.state === "ok" && (
        <>
          <a href={`#strategy-${file.id}`}>
            <code>{file.id}</code>
          </a>
          {file.failedChecks.length > 0 && `: ${file.failedChecks.join(", ").toLowerCase()}`}
        </>
      )}
    </td>
  </tr>
);

/** Every file of strategies in the workspace, with what became of it. */
export const Files = ({ files }: { files: StrategyFileView[] }) => (
  <Section id="files" title="Your files" note="In the folder strategies of the workspace">
    {files.length === 0 ? (
      <Empty>
        <p>
          There is none yet. A file there that declares a strategy is found within seconds, checked, and listed above;
          the example <code>z-score.ts.example</code> beside it shows how.
        </p>
      </Empty>
    ) : (
      <TableScroll label="Your files">
        <table class="strategy-files">
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col">State</th>
              <th scope="col">Strategy, or what is wrong</th>
            </tr>
          </thead>
          <tbody>
            {files.map((file) => (
              <StrategyFile file={file} />
            ))}
          </tbody>
        </table>
      </TableScroll>
    )}
  </Section>
);
