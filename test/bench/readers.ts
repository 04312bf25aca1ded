/** Requests for a page while the pipeline works: how many a second were answered, and in how many milliseconds. */
export type PageLoad = { clients: number; requests: number; perSecond: number; p50: number; p95: number };

export type Readers = { stop(): Promise<PageLoad> };

/** Starts so many people who ask for a page again as soon as they have it. An answer that is no success ends the run. */
export function startReaders(url: string, clients: number): Readers {
  const times: number[] = [];
  const started = performance.now();
  let stopped = false;
  const read = async () => {
    while (!stopped) {
      const asked = performance.now();
      const answer = await fetch(url);
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}.`);
      times.push(performance.now() - asked);
    }
  };
  const reading = Promise.all(Array.from({ length: clients }, read));
  return {
    async stop() {
      stopped = true;
      await reading;
      const seconds = (performance.now() - started) / 1000;
      return {
        clients,
        requests: times.length,
        perSecond: times.length / seconds,
        p50: percentile(times, 0.5),
        p95: percentile(times, 0.95),
      };
    },
  };
}

/** The value below which the share `part` of `values` lies, by the nearest rank; 0 where there are none. */
function percentile(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
}
