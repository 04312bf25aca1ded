import type { Proxies } from "../jobs/network/proxy.ts";

type Environment = Record<string, string | undefined>;

/** The variables that every program on a machine reads, in either case; the lower one wins, as in curl. */
const read = (environment: Environment, name: string): string | null =>
  (environment[name.toLowerCase()]?.trim() || environment[name]?.trim()) ?? null;

/** The proxies that the environment names, or the variable that names one which cannot be used. */
export function readProxies(environment: Environment): Proxies | { wrong: "HTTP_PROXY" | "HTTPS_PROXY" } {
  // Meant for every scheme there is, and often for SOCKS, which cannot be asked here.
  const any = proxyUrl(read(environment, "ALL_PROXY")) ?? null;
  const http = proxyUrl(read(environment, "HTTP_PROXY"));
  if (http === undefined) return { wrong: "HTTP_PROXY" };
  const https = proxyUrl(read(environment, "HTTPS_PROXY"));
  if (https === undefined) return { wrong: "HTTPS_PROXY" };
  const direct = (read(environment, "NO_PROXY") ?? "").split(/[\s,]+/).filter((entry) => entry !== "");
  return { http: http ?? any, https: https ?? any, direct };
}

/** A proxy's URL, whose scheme is often left out; undefined for what is none. */
function proxyUrl(text: string | null): string | null | undefined {
  if (!text) return null;
  const url = text.includes("://") ? text : `http://${text}`;
  return URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol) ? url : undefined;
}
