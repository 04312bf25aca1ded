import { afterAll, beforeAll, expect, test } from "bun:test";
import { selectStanding } from "../../../../db/queries/operations/metrics.ts";
import { selectProcesses } from "../../../../db/queries/operations/read-system.ts";
import { registerProcess } from "../../../../db/queries/pipeline/processes.ts";
import { selectLeader } from "../../../../db/queries/pipeline/read-schedule.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test.each<[string, number, Record<"state" | "alive" | "leader", string | number | undefined>]>([
  ["longer than", 3_600_000, { state: "alive", alive: 1, leader: "7" }],
  ["not as long as", 60_000, { state: "lost", alive: 0, leader: undefined }],
])("list, gauge and leader agree on a process whose lease lasts %s it was silent", async (_, leaseMs, expected) => {
  const { sql } = database;
  await registerProcess(sql, "7", { host: "box", pid: 7, version: "1.0.0", workers: 2, roles: ["web", "work"] });
  await sql`update barline.processes set leader = true, heartbeat_at = now() - interval '30 minutes'`;
  const [process] = await selectProcesses(sql, leaseMs, 10);
  const alive = (await selectStanding(sql, leaseMs)).find(({ what }) => what === "processes")?.count;
  const leader = await selectLeader(sql, leaseMs);
  const found: typeof expected = { state: process?.state, alive, leader: leader?.owner };
  expect(found).toEqual(expected);
});
