import { fileURLToPath } from "node:url";

export const apiKey = "bench-key";

/** Serves the market in `folder` from a process of its own (endpoint-process.ts), on a free port. */
export async function startEndpoint(folder: string, encoding: string): Promise<{ url: string; stop(): void }> {
  const entry = fileURLToPath(new URL("endpoint-process.ts", import.meta.url));
  const child = Bun.spawn([process.execPath, entry, "--folder", folder, "--key", apiKey, "--encoding", encoding], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  for await (const chunk of child.stdout) {
    return { url: new TextDecoder().decode(chunk).trim(), stop: () => child.kill() };
  }
  throw new Error("The local endpoint did not start.");
}
