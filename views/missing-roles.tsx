import { ErrorNote } from "./components.tsx";

const words: Record<string, { message: string; advice: string }> = {
  web: { message: "No process serves pages.", advice: "Start one with ROLES=web." },
  schedule: {
    message: "No process looks at the schedules: nothing that is due begins, and nobody is told of problems.",
    advice: "Start one with ROLES=schedule.",
  },
  work: { message: "No process does the work: what is queued waits.", advice: "Start one with ROLES=work." },
  sweep: {
    message: "No process takes sweeps: they wait, and backtests over the universe are refused.",
    advice: "Start one with ROLES=sweep.",
  },
};

/** What waits because no living process has the role for it, and what to do about it. */
export const MissingRole = ({ called }: { called: string }) => {
  const { message = "", advice = "" } = words[called] ?? {};
  return <ErrorNote error={{ name: "No process", message, advice }} />;
};
