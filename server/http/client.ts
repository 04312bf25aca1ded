import type { MiddlewareHandler } from "hono";
import { getConnInfo } from "hono/bun";
import { IPv6 } from "ipaddr.js";
import type { Logger } from "pino";
import { type Address, isIn, readAddress, readNetwork } from "./address.ts";
import type { AppEnv, RequestContext } from "./environment.ts";

/** Where requests come from, as far as it can be believed. */
export type Clients = {
  /** The address of whoever asks; null where the request came over no connection. */
  addressOf(c: RequestContext): string | null;
  /** The peer, where it says for whom it asks and is no trusted proxy, so that its word is not believed; else null. */
  disbelievedPeer(c: RequestContext): string | null;
  /** Whether the browser's own connection is encrypted. */
  isSecure(c: RequestContext): boolean;
};

/**
 * Reads requests that may pass proxies; `trusted` are their addresses or networks, such as 10.0.0.0/8, and `publicUrl` is
 * where people open it.
 */
export function createClients(trusted: readonly string[], publicUrl: string | null = null): Clients {
  const proxies = trusted.map(readNetwork).filter((network) => network !== null);
  const shown = publicUrl === null ? null : new URL(publicUrl);
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
    disbelievedPeer(c) {
      if (c.req.header("X-Forwarded-For") === undefined) return null;
      const peer = peerOf(c);
      return peer === null || isProxy(peer) ? null : peer.toString();
    },
    isSecure(c) {
      if (c.req.url.startsWith("https:")) return true;
      const peer = peerOf(c);
      // Where no proxies are named, anybody is believed: whoever claims TLS only gets a cookie that needs it.
      const isBelieved = trusted.length === 0 || (peer !== null && isProxy(peer));
      const said = isBelieved ? c.req.header("X-Forwarded-Proto")?.split(",")[0]?.trim().toLowerCase() : undefined;
      if (said !== undefined) return said === "https";
      // Not all proxies say it. Whoever asks this machine directly does so by another name.
      return shown?.protocol === "https:" && c.req.header("Host")?.toLowerCase() === shown.host;
    },
  };
}

const warnedAgainAfterMs = 3_600_000;
/** Anybody may send the header: so many peers an hour are told of, and not a line for each who wants to fill the log. */
const mostWarned = 100;

/**
 * Says in the log, once a peer and hour, that X-Forwarded-For was not believed: behind a proxy that nobody named, all clients
 * are one, and are blocked as one.
 */
export function warnOfDisbelieved(options: { clients: Clients; log: Logger; now(): Date }): MiddlewareHandler<AppEnv> {
  let warned = { peers: new Set<string>(), until: 0 };
  return async function warnOfDisbelieved(c, next) {
    const peer = options.clients.disbelievedPeer(c);
    const at = options.now().getTime();
    if (warned.until <= at) warned = { peers: new Set(), until: at + warnedAgainAfterMs };
    if (peer !== null && warned.peers.size < mostWarned && !warned.peers.has(peer)) {
      warned.peers.add(peer);
      options.log.warn(
        { peer },
        "X-Forwarded-For is not believed, as its sender is not trusted; name your proxy in TRUSTED_PROXIES",
      );
    }
    await next();
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
