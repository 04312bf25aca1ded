import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { claimDelivery } from "../../../db/queries/operations/alert-deliveries.ts";
import { createEmail } from "../../../jobs/alerts/email.ts";
import type { ChannelName } from "../../../jobs/alerts/types.ts";
import { createWebhook } from "../../../jobs/alerts/webhook.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { until } from "../../support/until.ts";
import {
  type AlertBench,
  addRun,
  dispatcherOf,
  minutesAfter,
  noon,
  openAlerts,
  type Receiver,
  smtpPassword,
  startMailServer,
  startReceiver,
  webhookSecret,
} from "./support.ts";

setDefaultTimeout(60_000);

const { ingest, load } = jobIds;
const never = new AbortController().signal;
let bench: AlertBench;
let receiver: Receiver;
beforeEach(async () => {
  bench = await openAlerts();
  receiver = startReceiver();
}, 60_000);
afterEach(async () => {
  await receiver.stop();
  await bench.close();
});

const webhook = (timeoutMs = 5000) => createWebhook(receiver.url, { userAgent: "Barline/1.0.0", timeoutMs });
const sender = () => dispatcherOf(bench, [webhook()]);
const titlesReceived = () => receiver.received.map(({ body }) => body.title);
const fail = () => new Response("out of order", { status: 500 });
const recover = async (channels: ChannelName[] = ["webhook"]) => {
  await bench.sql`update barline.runs set state = 'success'`;
  await bench.look({ channels });
};

describe("the dispatchers", () => {
  test("send each problem once per channel, however many race", async () => {
    const mailServer = await startMailServer();
    const email = () => createEmail({ smtpUrl: mailServer.url, to: ["ann@example.org"], from: "barline@example.org" });
    await addRun(bench.sql, { job: ingest });
    await addRun(bench.sql, { job: load });
    await bench.look({ channels: ["webhook", "email"] });
    const racing = Array.from({ length: 3 }, () => dispatcherOf(bench, [webhook(), email()]));
    await Promise.all(racing.map((dispatcher) => dispatcher.sendDue(never)));
    expect(titlesReceived().sort()).toEqual(["Ingest: a run failed", "Load: a run failed"]);
    expect(mailServer.mails).toHaveLength(2);
    await recover(["webhook", "email"]);
    await Promise.all(racing.map((dispatcher) => dispatcher.sendDue(never)));
    expect(titlesReceived().slice(2).sort()).toEqual([
      "Recovered: Ingest: a run failed",
      "Recovered: Load: a run failed",
    ]);
    expect(mailServer.mails).toHaveLength(4);
    expect((await bench.deliveries()).every(({ state, attempts }) => state === "delivered" && attempts === 1)).toBe(
      true,
    );
    await mailServer.stop();
  });

  test("link to the page, and tell how long it lasted", async () => {
    const id = await addRun(bench.sql, { job: ingest, date: "2020-01-07" });
    await bench.look();
    await sender().sendDue(never);
    bench.clock.now = minutesAfter(noon, 150);
    await recover();
    await sender().sendDue(never);
    expect(receiver.received.map(({ body }) => [body.event, body.link, body.message])).toEqual([
      ["opened", `https://barline.example/runs/${id}`, `Run ${id} of 2020-01-07 failed: Refused.`],
      [
        "recovered",
        `https://barline.example/runs/${id}`,
        `It is over after 3 hours. It was: Run ${id} of 2020-01-07 failed: Refused.`,
      ],
    ]);
    expect(new Set(receiver.received.map(({ body }) => body.id)).size).toBe(2);
  });

  test("try again, later and later, under the same id, until the receiver is well", async () => {
    await addRun(bench.sql, { job: ingest });
    await bench.look();
    receiver.answer = fail;
    expect(await sender().sendDue(never)).toBe(10_000);
    expect(await bench.deliveries()).toMatchObject([
      { state: "waiting", attempts: 1, error: expect.stringContaining("answered 500: out of order") },
    ]);
    await sender().sendDue(never);
    expect(receiver.received).toHaveLength(1);
    bench.clock.now = new Date(noon.getTime() + 10_000);
    expect(await sender().sendDue(never)).toBe(20_000);
    receiver.answer = () => new Response("ok");
    bench.clock.now = minutesAfter(noon, 1);
    await sender().sendDue(never);
    expect(await bench.deliveries()).toMatchObject([{ state: "delivered", attempts: 3, error: null }]);
    expect(new Set(receiver.received.map(({ body }) => body.id)).size).toBe(1);
  });

  test("wait so long as a receiver with too much to do asks", async () => {
    await addRun(bench.sql, { job: ingest });
    await bench.look();
    receiver.answer = () => new Response("slow down", { status: 429, headers: { "Retry-After": "300" } });
    expect(await sender().sendDue(never)).toBe(300_000);
  });

  test("give up after half a day, and say why", async () => {
    await addRun(bench.sql, { job: ingest });
    await bench.look();
    receiver.answer = fail;
    const dispatcher = sender();
    for (
      let restMs = await dispatcher.sendDue(never);
      Number.isFinite(restMs);
      restMs = await dispatcher.sendDue(never)
    ) {
      bench.clock.now = new Date(bench.clock.now.getTime() + restMs);
    }
    const hours = (bench.clock.now.getTime() - noon.getTime()) / 3_600_000;
    expect(hours).toBeGreaterThan(11);
    expect(hours).toBeLessThan(13);
    expect(await bench.deliveries()).toMatchObject([
      { state: "failed", attempts: 20, error: expect.stringContaining("500") },
    ]);
    expect(bench.lines.join("")).toContain("an alert could not be delivered");
  });

  test("take over what another was sending when it died, once its claim has run out", async () => {
    await addRun(bench.sql, { job: ingest });
    await bench.look();
    const claim = { channel: "webhook", now: noon, leasedUntil: minutesAfter(noon, 2) };
    expect(await claimDelivery(bench.sql, claim)).toMatchObject({ event: "opened", attempts: 1 });
    expect(await sender().sendDue(never)).toBe(120_000);
    expect(receiver.received).toEqual([]);
    bench.clock.now = minutesAfter(noon, 2);
    await sender().sendDue(never);
    expect(titlesReceived()).toEqual(["Ingest: a run failed"]);
    expect(await bench.deliveries()).toMatchObject([{ state: "delivered", attempts: 2 }]);
  });

  test("leave what they were sending to others when they stop, and what a slower one says counts no more", async () => {
    await addRun(bench.sql, { job: ingest });
    await bench.look();
    const { promise: asked, resolve: answer } = Promise.withResolvers<void>();
    receiver.answer = async () => {
      await asked;
      return fail();
    };
    const slow = sender().sendDue(never);
    await until("the slow one sends", () => receiver.received.length === 1);
    bench.clock.now = minutesAfter(noon, 2);
    const stopping = new AbortController();
    const second = sender().sendDue(stopping.signal);
    await until("the second sends", () => receiver.received.length === 2);
    stopping.abort();
    await expect(second).rejects.toThrow();
    answer();
    await slow;
    expect(await bench.deliveries()).toMatchObject([{ state: "waiting", attempts: 2, error: null }]);
  });

  test("tell of a recovery after the problem, however long that took to tell", async () => {
    await addRun(bench.sql, { job: ingest });
    await bench.look();
    receiver.answer = fail;
    await sender().sendDue(never);
    await recover();
    receiver.answer = () => new Response("ok");
    await sender().sendDue(never);
    expect(receiver.received).toHaveLength(1);
    bench.clock.now = minutesAfter(noon, 1);
    await sender().sendDue(never);
    expect(titlesReceived().slice(1)).toEqual(["Ingest: a run failed", "Recovered: Ingest: a run failed"]);
  });

  test("are not held up in one channel by another", async () => {
    const silent = await startMailServer();
    await silent.stop();
    const email = createEmail({ smtpUrl: silent.url, to: ["ann@example.org"], from: "barline@example.org" });
    await addRun(bench.sql, { job: ingest });
    await bench.look({ channels: ["webhook", "email"] });
    await dispatcherOf(bench, [webhook(), email]).sendDue(never);
    expect(await bench.deliveries()).toMatchObject([
      { channel: "webhook", state: "delivered" },
      { channel: "email", state: "waiting" },
    ]);
  });

  test("give up after a day what waits for a channel that is no longer configured", async () => {
    await addRun(bench.sql, { job: ingest });
    await bench.look({ channels: ["email"] });
    await sender().sendDue(never);
    expect(await bench.deliveries()).toMatchObject([{ state: "waiting" }]);
    bench.clock.now = minutesAfter(noon, 24 * 60 + 1);
    await sender().sendDue(never);
    expect(await bench.deliveries()).toMatchObject([
      { state: "failed", error: "Its channel is not configured any more." },
    ]);
  });

  test("write no secret to the log or the database", async () => {
    await addRun(bench.sql, { job: ingest });
    await bench.look({ channels: ["webhook", "email"] });
    const mailServer = await startMailServer();
    const smtpUrl = mailServer.url.replace(smtpPassword, `${smtpPassword}!`);
    const email = createEmail({ smtpUrl, to: ["ann@example.org"], from: "barline@example.org" });
    receiver.answer = () => new Response(`You called /services/${webhookSecret}`, { status: 403 });
    await dispatcherOf(bench, [webhook(), email]).sendDue(never);
    const kept = JSON.stringify(await bench.deliveries()) + bench.lines.join("");
    expect(kept).toContain("[secret]");
    expect(kept).not.toContain(webhookSecret);
    expect(kept).not.toContain(smtpPassword);
    await mailServer.stop();
  });
});
