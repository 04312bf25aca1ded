import { getConnInfo } from "hono/bun";
import { IPv6 } from "ipaddr.js";
import { type Address, isIn, readAddress, readNetwork } from "./address.ts";
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
  const proxies = trusted.map(readNetwork).filter((network) => network !== null);
  const isProxy = (address: Address) => isIn(address, proxies);
  return {
    addressOf(c) {
      const peer = peerOf(c);
      if (peer === null || !isProxy(peer)) return peer?.toString() ?? null;
      // Each proxy adds whom it heard at the end; what stands before the last of ours is anybody's word.
      let client = peer;
      for (const entry of (c.req.header("X-Forwarded-For") ?? "").split(",").reverse()) {
        const address = forwardedAddress(entry);
        if (address === null) break;
        client = address;
        if (!isProxy(address)) break;
      }
      return client.toString();
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
  return IPv6.isValid(address) ? `${IPv6.networkAddressFromCIDR(`${address}/64`)}/64` : address;
}

function peerOf(c: RequestContext): Address | null {
  const hasServer = typeof c.env === "object" && c.env !== null && ("server" in c.env || "requestIP" in c.env);
  return hasServer ? readAddress(getConnInfo(c).remote.address ?? "") : null;
}

/** The address in an entry of X-Forwarded-For, to which proxies add brackets and ports. */
function forwardedAddress(entry: string): Address | null {
  const text = entry.trim();
  return readAddress(/^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text);
}
