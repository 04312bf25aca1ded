import { expect, test } from "bun:test";
import { join } from "node:path";
import { startBarline } from "../support/barline.ts";
import { createTestDatabase } from "../support/database.ts";
import { startFaultyMarket } from "../support/faulty-market.ts";
import { startProxy } from "../support/proxy.ts";
import { startS3 } from "../support/s3.ts";
import { marketSize, season } from "../support/warehouse.ts";
import { backfillByApi, fetchingFrom } from "./support.ts";

const root = join(import.meta.dir, "../..");

test("a proxy gets what goes to the vendor, and nothing of what stays on this machine", async () => {
  const [database, s3, market] = await Promise.all([
    createTestDatabase({ empty: true }),
    startS3(),
    startFaultyMarket({ tickers: marketSize }),
  ]);
  const proxy = await startProxy({ "vendor.test": Number(new URL(market.url).port) });
  const variables = { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
  const barline = await startBarline({
    ...{ ...fetchingFrom(market), ...variables, DATABASE_URL: database.url },
    ...{ POLYGON_BASE_URL: "http://vendor.test", S3_BUCKET: "bars", S3_ENDPOINT: s3.endpoint },
    ...{ S3_ACCESS_KEY_ID: s3.accessKeyId, S3_SECRET_ACCESS_KEY: s3.secretAccessKey },
  });
  await backfillByApi(barline.url, season.from, season.from);
  await barline.untilIdle();
  expect(proxy.passed.filter((call) => !call.startsWith("GET http://vendor.test/"))).toEqual([]);
  expect(proxy.passed.some((call) => call.includes(`/grouped/locale/us/market/stocks/${season.from}`))).toBe(true);

  const calls = proxy.passed.length;
  const dockerfile = await Bun.file(join(root, "Dockerfile")).text();
  const command: string[] = JSON.parse(/HEALTHCHECK [^[]*CMD (\[.*\])/.exec(dockerfile)?.[1] ?? "[]");
  const { PATH = "" } = process.env;
  const check = Bun.spawn(command, { env: { PATH, ...variables, PORT: new URL(barline.url).port } });
  expect(await check.exited).toBe(0);
  expect(proxy.passed.length).toBe(calls);

  await barline.stop();
  await Promise.all([proxy.stop(), market.stop(), s3.stop(), database.drop()]);
});
