import ipaddr from "ipaddr.js";

/**
 * The proxies of the network: for `http:` and for `https:` URLs, and the hosts and networks that are reached without one, as NO_PROXY
 * lists them. Plain data, so that it crosses to a Bun worker as it is.
 */
export type Proxies = { http: string | null; https: string | null; direct: string[] };

/** Whether a URL's host is this machine: no proxy can reach it. */
export function isThisMachine({ hostname }: URL): boolean {
  const host = bare(hostname);
  return /^(.+\.)?localhost$/i.test(host) || (ipaddr.isValid(host) && ipaddr.process(host).range() === "loopback");
}

/** The proxy to ask for a URL, or null where it is reached without one. */
export function proxyFor(url: URL, { http, https, direct }: Proxies): string | null {
  const proxy = url.protocol === "https:" ? https : http;
  if (proxy === null || isThisMachine(url) || direct.some((entry) => covers(entry, url))) return null;
  return proxy;
}

/** What `fetch` is told, so that this decides and not the environment: by that it would ask a proxy for this machine, too. */
export function fetchBy(url: URL, proxies: Proxies) {
  const proxy = proxyFor(url, proxies);
  return { proxy: proxy === null ? (false as const) : { url: proxy, respectNoProxy: false } };
}

const bare = (hostname: string) => hostname.replace(/^\[|\]$/g, "");

const defaultPorts: Record<string, string> = { "http:": "80", "https:": "443" };

/** One entry of NO_PROXY: `*`, a name with all below it, an address, or a network such as 10.0.0.0/8; a port may follow a name. */
function covers(entry: string, url: URL): boolean {
  if (entry === "*") return true;
  const host = bare(url.hostname).toLowerCase();
  if (entry.includes("/")) return isInNetwork(host, entry);
  if (ipaddr.isValid(bare(entry))) return ipaddr.isValid(host) && isSameAddress(host, bare(entry));
  const [name = "", port] = entry
    .toLowerCase()
    .replace(/^\*?\./, "")
    .split(":");
  if (port !== undefined && port !== (url.port || defaultPorts[url.protocol])) return false;
  return name !== "" && (host === name || host.endsWith(`.${name}`));
}

const isSameAddress = (one: string, other: string) =>
  ipaddr.process(one).toNormalizedString() === ipaddr.process(other).toNormalizedString();

function isInNetwork(host: string, network: string): boolean {
  if (!ipaddr.isValid(host) || !ipaddr.isValidCIDR(network)) return false;
  const address = ipaddr.process(host);
  const [first, bits] = ipaddr.parseCIDR(network);
  return address.kind() === first.kind() && address.match(first, bits);
}
