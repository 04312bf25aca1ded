import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser of this machine; undefined where there is none. Where it must be there (CI), its absence is an error. */
export function findBrowser(): string | undefined {
  const path = known.find((candidate) => existsSync(candidate));
  if (!path && process.env.CI) throw new Error(`CI needs a Chromium at one of ${known.join(", ")}.`);
  return path;
}

/** Starts Chromium without a window, and without the calls home that a closed network would refuse. */
export async function launchBrowser(executablePath: string): Promise<Browser> {
  return await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
