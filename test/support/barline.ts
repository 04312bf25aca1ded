import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

/** The real process, on a data folder of its own. */
export type BarlineProcess = {
  url: string;
  pid: number;
  dataDir: string;
  isAlive(): boolean;
  /** Everything it has printed. */
  output(): string;
  /** Resolves when nothing is queued or running and no event is unclaimed. */
  untilIdle(): Promise<void>;
  /** Sends a signal and answers the exit code and how long the end took. */
  end(signal: NodeJS.Signals): Promise<{ code: number; ms: number }>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
};

/** Starts `server/main.ts` on a free port with nothing of this process's own settings; resolves when it is ready. */
export async function startBarline(
  variables: Record<string, string>,
  existingDataDir?: string,
): Promise<BarlineProcess> {
  const dataDir = existingDataDir ?? mkdtempSync(join(tmpdir(), "barline-process-"));
  chmodSync(dataDir, 0o755);
  const { PATH = "", HOME = "" } = process.env;
  const child = Bun.spawn([process.execPath, "server/main.ts"], {
    cwd: join(import.meta.dir, "../.."),
    env: { PATH, HOME, PORT: "0", DATA_DIR: dataDir, ...variables },
    stdout: "pipe",
    stderr: "pipe",
  });
  let printed = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) printed += decoder.decode(chunk, { stream: true });
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  const address = /Barline is at (http:\/\/[^"\s]+)/;
  await until(
    "Barline says where it is",
    async () => {
      if (child.exitCode !== null) {
        await reading;
        throw new Error(`Barline ended with ${child.exitCode}:\n${printed}`);
      }
      return address.test(printed);
    },
    90_000,
  );
  const url = address.exec(printed)?.[1] ?? "";

  const end = async (signal: NodeJS.Signals) => {
    const started = performance.now();
    child.kill(signal);
    return { code: await child.exited, ms: performance.now() - started };
  };
  return {
    url,
    pid: child.pid,
    dataDir,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    output: () => printed,
    async untilIdle() {
      const idle = async () => ((await (await fetch(`${url}/api/status`)).json()) as { idle: boolean }).idle;
      await until("Barline is idle", idle, 60_000);
    },
    end,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) await end("SIGTERM");
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
