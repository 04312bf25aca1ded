/** Requests for a page by people at the same time: how many a second were answered, and in how many milliseconds. */
export type PageLoad = { clients: number; requests: number; perSecond: number; p50: number; p95: number };

export type Readers = { stop(): Promise<PageLoad> };

/** Starts so many people who ask for a page again as soon as they have it. An answer that is no success ends the run. */
export function startReaders(url: string, clients: number): Readers {
  let stopped = false;
  const reading = readWhile(url, clients, () => !stopped);
  return {
    async stop() {
      stopped = true;
      return await reading;
    },
  };
}

/** Has so many people ask for a page, until it was asked for so many times in all. */
export async function readTogether(url: string, asked: { clients: number; requests: number }): Promise<PageLoad> {
  let left = asked.requests;
  return await readWhile(url, asked.clients, () => left-- > 0);
}

async function readWhile(url: string, clients: number, goesOn: () => boolean): Promise<PageLoad> {
  const times: number[] = [];
  const started = performance.now();
  const read = async () => {
    while (goesOn()) times.push((await readPage(url)).milliseconds);
  };
  await Promise.all(Array.from({ length: clients }, read));
  return {
    clients,
    requests: times.length,
    perSecond: times.length / ((performance.now() - started) / 1000),
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
  };
}

/** Asks as a browser does. What unpacking takes is the reader's own, and left out. Throws where the answer is no success. */
export async function readPage(url: string): Promise<{ milliseconds: number; bytes: number }> {
  const asked = performance.now();
  const answer = await fetch(url, { headers: { "accept-encoding": "gzip, deflate, br, zstd" }, decompress: false });
  const bytes = (await answer.arrayBuffer()).byteLength;
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}.`);
  return { milliseconds: performance.now() - asked, bytes };
}

/** The value below which the share `part` of `values` lies, by the nearest rank; 0 where there are none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}
