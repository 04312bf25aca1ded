import { expect, test } from "bun:test";
import { sessionsCsv, sessionsSeedPath } from "../../../jobs/market/sessions-seed.ts";

test("the calendar's seed holds every session that the scheduler knows, and no other", async () => {
  expect(await Bun.file(sessionsSeedPath).text()).toBe(sessionsCsv());
});
