/** The largest answer in all its pages that is read where nothing else is set, in megabytes (10⁶ bytes). */
export const defaultAnswerMegabytes = 200;

/** Of that, what one page may have: 64 MB of 200. The whole market in one session has 1.3. */
const pageShare = 0.32;

/** How many bytes, unpacked, an answer in all its pages and one page of it may have. */
export const answerLimits = (megabytes: number) => ({
  answerBytes: megabytes * 1e6,
  pageBytes: Math.round(megabytes * pageShare * 1e6),
});

/**
 * Reads a body as it comes, unpacked, and no further than `limitBytes` and the piece that goes beyond them: a few megabytes may unpack to
 * many gigabytes. What is cut off is not `whole`, and its connection is closed.
 */
export async function readBody(
  { body }: Response,
  limitBytes: number,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; whole: boolean }> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const piece of body ?? []) {
    pieces.push(piece);
    size += piece.byteLength;
    if (size > limitBytes) break;
  }
  const bytes = new Uint8Array(Bun.concatArrayBuffers(pieces));
  return size > limitBytes ? { bytes: bytes.subarray(0, limitBytes), whole: false } : { bytes, whole: true };
}
