import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jobIds } from "../../jobs/pipeline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { until } from "../support/until.ts";
import { marketSize } from "../support/warehouse.ts";
import { askForPiece, draw, type End, expectSameEnd, finishSeason, isIdle, lossesByJob } from "./seasons.ts";
import { addressOf, fetchingFrom, type Spawned, spawnBarline } from "./support.ts";

/** Some in the ordinary run; `bun run test:soak` asks for all. */
const kills = process.env.SOAK ? 120 : 10;
const killsOfTwo = process.env.SOAK ? 100 : 6;
/** Fetching, loading and building a piece takes about as long. */
const longestLifeMs = 1600;
/** Of the processes, how many are killed while they still start. */
const killedAtStart = 0.15;

let market: FaultyMarket;
let undisturbed: End;
const folders: string[] = [];

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  market.faults = { rate: 1, kinds: ["slow"], slowMs: 60, routes: ["grouped"] };
  undisturbed = await finishSeason(market, await makeFolder());
}, 120_000);

afterAll(async () => {
  await market.stop();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "barline-kill-"));
  await chmod(folder, 0o755);
  folders.push(folder);
  return folder;
}

/** Starts the process, gives it work where it has none, and kills it at some instant, or while it waits for the market. */
async function liveAndDie(dataDir: string, turn: number, { amidCalls = false } = {}): Promise<void> {
  if (amidCalls) market.hold();
  const { process: child, output } = spawnBarline(dataDir, fetchingFrom(market));
  let url = "";
  if (amidCalls || draw("start", turn) >= killedAtStart) {
    await until("it is there", () => addressOf(output()) !== undefined || child.exitCode !== null, 45_000);
    url = addressOf(output()) ?? "";
    if (await isIdle(url)) await askForPiece(url, turn);
  }
  if (amidCalls) {
    await until("its calls wait for their answers", async () => {
      // What an earlier one left may have been fetched already, and only be loaded.
      if (market.held() === 0 && (await isIdle(url))) await askForPiece(url, turn);
      return market.held() > 0;
    });
  }
  // The instant is what the test is about, and no wait for anything.
  else await Bun.sleep(draw("life", turn) * longestLifeMs);
  expect(child.exitCode).toBeNull();
  child.kill("SIGKILL");
  await child.exited;
  market.release();
}

test(
  `a process that is killed ${kills} times ends with the lake, the warehouse and the claims of one that was not`,
  async () => {
    const dataDir = await makeFolder();
    for (let turn = 0; turn < kills; turn += 1) await liveAndDie(dataDir, turn);
    // However fast or slow the machine is, one of them strikes a batch.
    await liveAndDie(dataDir, kills, { amidCalls: true });
    const disturbed = await finishSeason(market, dataDir, async (sql) => {
      const losses = await lossesByJob(sql);
      // A harness that only ever kills an idle process would prove nothing.
      const struck = process.env.SOAK ? [jobIds.ingest, jobIds.load, jobIds.transform] : [jobIds.ingest];
      for (const jobId of struck) expect(losses[jobId] ?? 0).toBeGreaterThan(0);
      process.stderr.write(`${kills} kills; tries lost with their process: ${JSON.stringify(losses)}\n`);
    });
    expectSameEnd(disturbed, undisturbed);
  },
  90_000 + kills * 10_000,
);

/** A container's own count of process ids, where we may make one; a kill takes its database server too, as Docker's does. */
const container = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
const hasContainers = Bun.spawnSync([...container, "true"], { stderr: "ignore" }).exitCode === 0;
/** Of the processes on one volume, how many wait for the other, how many are in a container, and how often both are killed. */
const waiting = 0.7;
const contained = 0.5;
const killedBoth = 0.2;

const isServing = ({ output }: Spawned) => addressOf(output()) !== undefined;
const hasWaited = ({ output }: Spawned) => output().includes("waiting until it stops");

/** Two places on one volume, each with a process that starts, waits or serves; free where one was killed or refused. */
function openVolume(dataDir: string) {
  const places = new Map<number, Spawned & { waits: boolean }>();
  const seen = { kills: 0, killedServing: 0, killedWaiting: 0, killedStarting: 0, tookOver: 0, refused: 0 };

  /** Takes note of those that ended by themselves: that the other has the volume is the one reason. */
  const look = async () => {
    for (const [place, one] of places) {
      if (one.process.exitCode === null) continue;
      const { code, output } = await one.ended();
      expect({ code, output, waits: one.waits }).toMatchObject({ code: 2, waits: false });
      expect(output).toStartWith(`Another Barline runs on ${dataDir}: `);
      seen.refused += 1;
      places.delete(place);
    }
    expect([...places.values()].filter(isServing).length).toBeLessThan(2);
  };

  /** Starts a process in each free place, after a pause of any length. */
  const fill = async (turn: number) => {
    for (const place of [0, 1].filter((free) => !places.has(free))) {
      await Bun.sleep(draw(`pause ${place}`, turn) ** 2 * longestLifeMs);
      const waits = draw(`waits ${place}`, turn) < waiting;
      const within = hasContainers && draw(`contained ${place}`, turn) < contained ? container : [];
      const started = spawnBarline(dataDir, fetchingFrom(market), { within, args: waits ? ["--wait"] : [] });
      places.set(place, { ...started, waits });
    }
  };

  /** Gives work to the one that serves, where it has none. */
  const work = async (turn: number) => {
    const one = await until("one of them serves", async () => {
      await look();
      return [...places.values()].find(isServing);
    });
    const url = addressOf(one.output()) ?? "";
    if (await isIdle(url)) await askForPiece(url, turn);
  };

  /** Kills one of them, whichever it is and whatever it does, or both. */
  const kill = async (turn: number) => {
    const order = draw("which", turn) < 0.5 ? [0, 1] : [1, 0];
    for (const place of draw("both", turn) < killedBoth ? order : order.slice(1)) {
      const one = places.get(place);
      if (one === undefined || one.process.exitCode !== null) continue;
      one.process.kill("SIGKILL");
      await one.process.exited;
      places.delete(place);
      seen.kills += 1;
      if (isServing(one) && hasWaited(one)) seen.tookOver += 1;
      if (isServing(one)) seen.killedServing += 1;
      else if (hasWaited(one)) seen.killedWaiting += 1;
      else seen.killedStarting += 1;
    }
  };

  return {
    seen,
    async turn(turn: number) {
      await fill(turn);
      if (draw("start", turn) >= killedAtStart) await work(turn);
      // The instant is what the test is about, and no wait for anything.
      await Bun.sleep(draw("life", turn) * longestLifeMs);
      await look();
      await kill(turn);
    },
    async close() {
      for (const { process: child } of places.values()) {
        child.kill("SIGKILL");
        await child.exited;
      }
    },
  };
}

test(
  `two processes on one volume, started and killed at random ${killsOfTwo} times, end there too, and never serve at once`,
  async () => {
    const dataDir = await makeFolder();
    const volume = openVolume(dataDir);
    try {
      for (let turn = 0; volume.seen.kills < killsOfTwo; turn += 1) await volume.turn(turn);
    } finally {
      await volume.close();
    }
    const disturbed = await finishSeason(market, dataDir, async (sql) => {
      const losses = await lossesByJob(sql);
      process.stderr.write(
        `${JSON.stringify(volume.seen)}; tries lost with their process: ${JSON.stringify(losses)}\n`,
      );
      if (process.env.SOAK) for (const count of Object.values(volume.seen)) expect(count).toBeGreaterThan(0);
    });
    expectSameEnd(disturbed, undisturbed);
  },
  90_000 + killsOfTwo * 10_000,
);
