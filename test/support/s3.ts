import { startFauxqs } from "fauxqs";

/** A running S3 server for tests; the fields before `stop` are what `openLake` takes. */
export type S3Server = {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Removes the bucket with all it holds, as if somebody had deleted it while the process ran. */
  loseBucket(bucket: string): Promise<void>;
  stop(): Promise<void>;
};

/** Starts an S3 server of its own on a free port, in this process and in memory. It accepts any credentials. */
export async function startS3(): Promise<S3Server> {
  const server = await startFauxqs({ port: 0, logger: false });
  const endpoint = `http://127.0.0.1:${server.port}`;
  return {
    endpoint,
    region: "us-east-1",
    accessKeyId: "test",
    secretAccessKey: "test-secret",
    loseBucket: async (bucket) => {
      server.emptyBucket(bucket);
      const answer = await fetch(`${endpoint}/${bucket}`, { method: "DELETE" });
      if (!answer.ok) throw new Error(`could not remove the bucket: ${answer.status}`);
    },
    stop: () => server.stop(),
  };
}
