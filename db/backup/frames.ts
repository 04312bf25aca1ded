import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { createZstdCompress, createZstdDecompress } from "node:zlib";
import { type BackupHeader, backupHeader } from "./header.ts";

/**
 * The file of a backup: a Zstandard stream of frames, each a letter, the length of what follows as four bytes, and that. First the
 * header, then each part as its beginning, its bytes and its end with their SHA-256, last the end with one of all parts' sums.
 */
const kinds = { header: "H", begin: "B", bytes: "D", end: "E", close: "Z" } as const;
type Kind = keyof typeof kinds;

/** A table's rows, as COPY writes them as text, or an object of the lake. */
export type Part = { kind: "table"; schema: string; name: string } | { kind: "object"; key: string };
type PartEnd = { size: number; sha256: string };
type Frame = { kind: Kind; body: Buffer };

const frameHeadSize = 5;
/** More than any chunk of COPY and any header; a length beyond it is damage, and is not waited for. */
const largestFrame = 256 * 1024 * 1024;
const longestChunk = 1024 * 1024;

/** A file that is no backup, or is one no longer; the message is a sentence for whoever asked to restore it. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}

/** Writes a backup's file. */
export type BackupWriter = {
  /** Writes a part; answers how many bytes it had, before they were packed. */
  part(part: Part, bytes: AsyncIterable<Uint8Array>): Promise<number>;
  /** Writes the end; only then is the file a backup, and on the disk. */
  close(): Promise<void>;
  /** Lets go of what cannot be finished. */
  abandon(): void;
};

/** Begins a file that is not there yet, readable by its owner only. */
export async function createBackupFile(path: string, header: BackupHeader): Promise<BackupWriter> {
  const file = createWriteStream(path, { flags: "wx", mode: 0o600 });
  await once(file, "open");
  const packer = createZstdCompress();
  let fault: Error | undefined;
  const fail = (error: Error) => {
    fault ??= error;
    packer.destroy(error);
  };
  file.on("error", fail);
  packer.on("error", fail);
  packer.pipe(file);

  const write = async (kind: Kind, body: Uint8Array) => {
    const head = Buffer.alloc(frameHeadSize);
    head.write(kinds[kind], 0, "latin1");
    head.writeUInt32BE(body.byteLength, 1);
    if (fault) throw fault;
    packer.write(head);
    if (packer.write(body)) return;
    await once(packer, "drain");
  };
  const writeJson = (kind: Kind, value: unknown) => write(kind, Buffer.from(JSON.stringify(value)));

  let parts = 0;
  const all = new Bun.CryptoHasher("sha256");
  await writeJson("header", header);
  all.update(JSON.stringify(header));
  return {
    async part(part, bytes) {
      await writeJson("begin", part);
      const sum = new Bun.CryptoHasher("sha256");
      let size = 0;
      for await (const chunk of bytes) {
        for (let start = 0; start < chunk.byteLength; start += longestChunk) {
          const piece = chunk.subarray(start, start + longestChunk);
          sum.update(piece);
          size += piece.byteLength;
          await write("bytes", piece);
        }
      }
      const end: PartEnd = { size, sha256: sum.digest("hex") };
      all.update(`${JSON.stringify(part)}${end.sha256}`);
      await writeJson("end", end);
      parts++;
      return size;
    },
    async close() {
      await writeJson("close", { parts, sha256: all.digest("hex") });
      const closed = once(file, "close");
      packer.end();
      await closed;
      if (fault) throw fault;
      const handle = await open(path, "r");
      await handle.sync();
      await handle.close();
    },
    abandon() {
      packer.destroy();
      file.destroy();
    },
  };
}

/** What stands in a backup's file, in order; the bytes of a part have to be read before the next is asked for. */
export type BackupReader = {
  header: BackupHeader;
  parts: AsyncGenerator<{ part: Part; bytes: AsyncGenerator<Uint8Array> }>;
  close(): void;
};

/**
 * Opens a backup's file for reading. Each part's sum is compared as its last byte is read, and that of the whole as the parts
 * end: a file that was read to its end is as it was written. Throws {@link BackupError} where it is not.
 */
export async function openBackupFile(path: string): Promise<BackupReader> {
  const file = createReadStream(path);
  const frames = readFrames(path, file.pipe(createZstdDecompress()), file);
  const first = await frames.next();
  const body = first.done || first.value.kind !== "header" ? undefined : first.value.body;
  const header = body && parseHeader(body);
  if (!header) throw new BackupError(`${path} is no backup of Barline, or one of a newer version.`);
  return {
    header,
    parts: readParts(path, frames, body),
    close: () => void file.destroy(),
  };
}

/** Reads a backup to its end, so that all its sums are compared; answers its header. Throws {@link BackupError}. */
export async function checkBackupFile(path: string): Promise<BackupHeader> {
  const reader = await openBackupFile(path);
  try {
    for await (const { bytes } of reader.parts) for await (const _ of bytes);
    return reader.header;
  } finally {
    reader.close();
  }
}

function parseHeader(body: Buffer): BackupHeader | undefined {
  try {
    return backupHeader.parse(JSON.parse(body.toString()));
  } catch {
    return undefined;
  }
}

function parse<T>(path: string, body: Buffer): T {
  try {
    return JSON.parse(body.toString());
  } catch (cause) {
    throw new BackupError(`${path} is damaged.`, { cause });
  }
}

async function* readParts(path: string, frames: AsyncGenerator<Frame>, header: Buffer): BackupReader["parts"] {
  const all = new Bun.CryptoHasher("sha256").update(header);
  let parts = 0;
  for await (const { kind, body } of untilCut(path, frames)) {
    if (kind === "close") {
      const end = parse<{ parts: number; sha256: string }>(path, body);
      // Nothing comes after it, and the packing has its own end.
      const isLast = (await frames.next()).done;
      if (isLast && end.parts === parts && end.sha256 === all.digest("hex")) return;
      throw new BackupError(`${path} is damaged: its parts are not those that were written.`);
    }
    if (kind !== "begin") throw new BackupError(`${path} is damaged: its parts do not follow each other.`);
    const part = parse<Part>(path, body);
    const sum = new Bun.CryptoHasher("sha256");
    const bytes = readBytes(path, part, frames, sum);
    yield { part, bytes };
    // What nobody wanted is skipped, and compared all the same.
    for await (const _ of bytes);
    all.update(`${body.toString()}${sum.digest("hex")}`);
    parts++;
  }
}

async function* readBytes(
  path: string,
  part: Part,
  frames: AsyncGenerator<Frame>,
  sum: Bun.CryptoHasher,
): AsyncGenerator<Uint8Array> {
  for await (const { kind, body } of untilCut(path, frames)) {
    if (kind === "bytes") {
      sum.update(body);
      yield body;
      continue;
    }
    const end = kind === "end" ? parse<PartEnd>(path, body) : undefined;
    if (end?.sha256 === sum.copy().digest("hex")) return;
    throw new BackupError(`${path} is damaged: the checksum of ${describePart(part)} does not match.`);
  }
}

/** How a part is called in a sentence. */
export function describePart(part: Part): string {
  return part.kind === "table" ? `${part.schema}.${part.name}` : part.key;
}

/** The frames, left open at a `return`; a file that ends among them was cut off. */
async function* untilCut(path: string, frames: AsyncGenerator<Frame>): AsyncGenerator<Frame> {
  for (;;) {
    const next = await frames.next();
    if (next.done) throw new BackupError(`${path} is cut off: its end is missing.`);
    yield next.value;
  }
}

async function* readFrames(
  path: string,
  unpacked: AsyncIterable<Buffer> & { destroy(error?: Error): unknown },
  file: { on(event: "error", listener: (error: Error) => void): unknown },
): AsyncGenerator<Frame> {
  let missing: Error | undefined;
  file.on("error", (error) => {
    missing = error;
    unpacked.destroy(error);
  });
  let held: Buffer[] = [];
  let length = 0;
  const take = (size: number) => {
    const joined = held.length === 1 && held[0] ? held[0] : Buffer.concat(held);
    held = [joined.subarray(size)];
    length -= size;
    return joined.subarray(0, size);
  };
  let head: Buffer | undefined;
  try {
    for await (const chunk of unpacked) {
      held.push(chunk);
      length += chunk.byteLength;
      for (;;) {
        if (!head && length >= frameHeadSize) head = take(frameHeadSize);
        const size = head?.readUInt32BE(1) ?? 0;
        if (size > largestFrame) throw new BackupError(`${path} is no backup of Barline, or it is damaged.`);
        if (!head || length < size) break;
        yield { kind: kindOf(path, head), body: take(size) };
        head = undefined;
      }
    }
  } catch (error) {
    if (error instanceof BackupError) throw error;
    if (missing) throw new BackupError(`${path} cannot be read: ${missing.message}`, { cause: missing });
    throw new BackupError(`${path} is no backup of Barline, or it is damaged or cut off.`, { cause: error });
  }
}

function kindOf(path: string, head: Buffer): Kind {
  const letter = String.fromCharCode(head[0] ?? 0);
  const found = (Object.keys(kinds) as Kind[]).find((kind) => kinds[kind] === letter);
  if (!found) throw new BackupError(`${path} is no backup of Barline, or it is damaged.`);
  return found;
}
