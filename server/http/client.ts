import { BlockList, isIP } from "node:net";
import { getConnInfo } from "hono/bun";
import type { RequestContext } from "./environment.ts";

/** Where requests come from, as far as it can be believed. */
export type Clients = {
  /** The address of whoever asks; null where the request came over no connection. */
  addressOf(c: RequestContext): string | null;
  /** Whether the browser's own connection is encrypted. */
  isSecure(c: RequestContext): boolean;
};

/** Reads requests that may pass proxies; `trusted` are their addresses or networks, such as 10.0.0.0/8. */
export function createClients(trusted: readonly string[]): Clients {
  const proxies = listOf(trusted);
  const isProxy = (address: string) => proxies.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  return {
    addressOf(c) {
      const peer = peerOf(c);
      if (peer === null || !isProxy(peer)) return peer;
      // Each proxy adds whom it heard at the end; what stands before the last of ours is anybody's word.
      let client = peer;
      for (const entry of (c.req.header("X-Forwarded-For") ?? "").split(",").reverse()) {
        const address = plainAddress(entry);
        if (address === null) return client;
        client = address;
        if (!isProxy(address)) return client;
      }
      return client;
    },
    isSecure(c) {
      if (c.req.url.startsWith("https:")) return true;
      const peer = peerOf(c);
      // Where no proxies are named, anybody is believed: whoever claims TLS only gets a cookie that needs it.
      const isBelieved = trusted.length === 0 || (peer !== null && isProxy(peer));
      return isBelieved && c.req.header("X-Forwarded-Proto")?.split(",")[0]?.trim().toLowerCase() === "https";
    },
  };
}

/** What failures are counted by: an IPv6 customer has a whole /64 of addresses. */
export function countedAs(address: string | null): string {
  if (address === null) return "unknown";
  if (isIP(address) !== 6) return address;
  return `${networkOf(address)}::/64`;
}

/** The first four groups, whatever was left out of the address. */
function networkOf(address: string): string {
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = !tail ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array.from({ length: missing }, () => "0"), ...after];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}

function listOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", bits] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

function peerOf(c: RequestContext): string | null {
  const hasServer = typeof c.env === "object" && c.env !== null && ("server" in c.env || "requestIP" in c.env);
  return hasServer ? plainAddress(getConnInfo(c).remote.address ?? "") : null;
}

/** The address without port, brackets, zone, and the IPv6 clothing of an IPv4 one; null for what is none. */
function plainAddress(text: string): string | null {
  const trimmed = text.trim();
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d+$/.exec(trimmed)?.[1] ?? trimmed;
  const address = bare.replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(address) === 0 ? null : address.toLowerCase();
}
