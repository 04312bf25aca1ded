import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { countedAs, createClients } from "../../../server/http/client.ts";
import type { AppEnv } from "../../../server/http/environment.ts";

/** Whom a server behind a proxy at `peer` believes to ask. */
async function clientOf(trusted: string[], peer: string, forwarded?: string): Promise<unknown> {
  const clients = createClients(trusted);
  const app = new Hono<AppEnv>().get("/", (c) => c.json(clients.addressOf(c)));
  const headers: Record<string, string> = forwarded === undefined ? {} : { "X-Forwarded-For": forwarded };
  const response = await app.request(
    "/",
    { headers },
    { requestIP: () => ({ address: peer, family: "IPv6", port: 1 }) },
  );
  return await response.json();
}

describe("the client", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["192.0.2.1:4711", "192.0.2.1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:4711", "2001:db8::1"],
    ["[fe80::1%eth0]:4711", "fe80::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["6.6.6.6, 192.0.2.1 , ::ffff:10.0.0.2", "192.0.2.1"],
    // What is no address ends what can be believed.
    ["192.0.2.1, unknown, 10.0.0.2", "10.0.0.2"],
    ["", "10.0.0.1"],
  ])("behind X-Forwarded-For: %s is %s", async (forwarded, client) => {
    expect(await clientOf(["10.0.0.0/8"], "::ffff:10.0.0.1", forwarded)).toBe(client);
  });

  test("is the peer where that is no proxy", async () => {
    expect(await clientOf(["10.0.0.0/8"], "192.0.2.1", "6.6.6.6")).toBe("192.0.2.1");
    expect(await clientOf([], "10.0.0.1", "6.6.6.6")).toBe("10.0.0.1");
  });

  test.each([
    [null, "unknown"],
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8::/64"],
  ])("%p is counted as %s", (address, counted) => {
    expect(countedAs(address)).toBe(counted);
  });
});
