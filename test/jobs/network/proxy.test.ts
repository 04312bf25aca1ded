import { afterEach, describe, expect, test } from "bun:test";
import { createS3Store } from "../../../jobs/lake/s3.ts";
import { createMarketClient } from "../../../jobs/market/client.ts";
import { isThisMachine, type Proxies, proxyFor } from "../../../jobs/network/proxy.ts";
import { startProxy } from "../../support/proxy.ts";
import { startS3 } from "../../support/s3.ts";
import { bars } from "../market/client-helpers.ts";
import { answers, startFaultyServer } from "../market/faulty-server.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const portOf = (url: string) => Number(new URL(url).port);

async function proxyTo(ports: Record<string, number>) {
  const proxy = await startProxy(ports);
  closers.push(proxy.stop);
  return { ...proxy, proxies: { http: proxy.url, https: proxy.url, direct: [] } satisfies Proxies };
}

describe("the proxy of a URL", () => {
  const proxies = { http: "http://plain:1", https: "http://tls:2", direct: [] };

  test("is that of its scheme", () => {
    expect(proxyFor(new URL("http://example.org"), proxies)).toBe("http://plain:1");
    expect(proxyFor(new URL("https://example.org"), proxies)).toBe("http://tls:2");
    expect(proxyFor(new URL("https://example.org"), { ...proxies, https: null })).toBeNull();
  });

  test.each(["localhost", "api.localhost", "127.0.0.1", "127.8.9.10", "[::1]", "[::ffff:127.0.0.1]", "2130706433"])(
    "is none for this machine, as %s",
    (host) => {
      expect(isThisMachine(new URL(`http://${host}:9000`))).toBe(true);
      expect(proxyFor(new URL(`http://${host}:9000`), proxies)).toBeNull();
    },
  );

  test.each([
    ["*", "https://example.org", true],
    ["example.org", "https://example.org", true],
    ["example.org", "https://api.EXAMPLE.org", true],
    [".example.org", "https://api.example.org", true],
    ["*.example.org", "https://api.example.org", true],
    ["example.org", "https://badexample.org", false],
    ["example.org:443", "https://example.org", true],
    ["example.org:8443", "https://example.org", false],
    ["10.0.0.0/8", "http://10.1.2.3:9000", true],
    ["10.0.0.0/8", "http://11.1.2.3:9000", false],
    ["10.0.0.0/8", "http://s3:9000", false],
    ["10.0.0.1", "http://10.0.0.1:9000", true],
    ["fd00::/8", "http://[fd00::1]:9000", true],
    ["[fd00::1]", "http://[fd00:0::1]", true],
    ["10.0.0.0/99", "http://10.1.2.3", false],
    ["localhost.example", "https://localhost.example", true],
  ])("is none where NO_PROXY's %s covers %s: %p", (entry, url, isDirect) => {
    expect(proxyFor(new URL(url), { ...proxies, direct: ["elsewhere", entry] }) === null).toBe(isDirect);
  });
});

describe("the vendor", () => {
  const clientOf = (baseUrl: string, proxies: Proxies) =>
    createMarketClient({
      baseUrl,
      apiKey: "key",
      limiter: { acquire: async () => {} },
      sleep: async () => {},
      proxies,
    });

  test("is reached through the proxy, over TLS by CONNECT", async () => {
    const server = await startFaultyServer(answers(200, bars));
    closers.push(server.stop);
    const { proxies, passed } = await proxyTo({ "vendor.test": portOf(server.url) });
    const answer = await clientOf("http://vendor.test", proxies).grouped("2025-01-02");
    expect(passed).toEqual([`GET http://vendor.test${answer.path}`]);
    await clientOf("https://other.test", proxies)
      .grouped("2025-01-02")
      .catch(() => {});
    expect(passed[1]).toBe("CONNECT other.test:443");
  });

  test("on this machine, as the demo exchange is, or excepted by NO_PROXY is reached without one", async () => {
    const server = await startFaultyServer(answers(200, bars));
    closers.push(server.stop);
    const { proxies, passed } = await proxyTo({});
    await clientOf(server.url, proxies).grouped("2025-01-02");
    await clientOf(server.url.replace("127.0.0.1", "localhost"), proxies).grouped("2025-01-02");
    await clientOf("http://vendor.test", { ...proxies, direct: [".test"] })
      .grouped("2025-01-02")
      .catch(() => {});
    expect(passed).toEqual([]);
  });
});

describe("an S3 server", () => {
  test("is reached through the proxy, over TLS by CONNECT", async () => {
    const s3 = await startS3();
    closers.push(s3.stop);
    const { proxies, passed } = await proxyTo({ s3: portOf(s3.endpoint) });
    const store = createS3Store({ ...s3, bucket: "test", endpoint: "http://s3:9000", proxies });
    closers.push(store.close);
    await store.ensureReady();
    await store.put("a", new Uint8Array(300_000).fill(7));
    expect(new Set(await store.get("a"))).toEqual(new Set([7]));
    expect(passed).toContain("GET http://s3:9000/test/a?x-id=GetObject");
    const behindTls = createS3Store({ ...s3, bucket: "test", endpoint: "https://other.test", proxies, timeoutMs: 500 });
    closers.push(behindTls.close);
    await behindTls.head("a").catch(() => {});
    expect(passed).toContain("CONNECT other.test:443");
  });

  test("on this machine, or excepted by NO_PROXY, is reached without one", async () => {
    const s3 = await startS3();
    closers.push(s3.stop);
    const { proxies, passed } = await proxyTo({});
    const store = createS3Store({ ...s3, bucket: "test", proxies });
    closers.push(store.close);
    await store.ensureReady();
    const excepted = { ...proxies, direct: [".test"] };
    const elsewhere = createS3Store({
      ...s3,
      bucket: "test",
      endpoint: "http://s3.test",
      proxies: excepted,
      timeoutMs: 500,
    });
    closers.push(elsewhere.close);
    await elsewhere.head("a").catch(() => {});
    expect(passed).toEqual([]);
  });
});
