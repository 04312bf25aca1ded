/**
 * Waits until `condition` answers something other than false, null or undefined, and answers that. For what other
 * processes and timers do; it throws after `timeoutMs`, saying what it waited for. The time is what a machine that is
 * slow and busy may take: that something comes at once is shown by what else would bring it, which has to be later.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 30_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await condition();
    if (answer !== false && answer !== null && answer !== undefined)
      return answer as Exclude<T, false | null | undefined>;
    if (performance.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain until ${what}.`);
    await Bun.sleep(10);
  }
}
