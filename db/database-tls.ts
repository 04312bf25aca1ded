import { readFileSync } from "node:fs";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { DatabaseUrlError, oneOf, type UrlParameters } from "./url-parameters.ts";

/** How connections are encrypted: not, where the server can, or with what is checked of its certificate. */
export type Tls = false | "prefer" | TlsOptions;

type TlsOptions = {
  rejectUnauthorized: boolean;
  ca?: string;
  cert?: string;
  key?: string;
  passphrase?: string;
  checkServerIdentity?: (host: string, certificate: PeerCertificate) => Error | undefined;
};

const modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

/**
 * Reads the parameters about TLS with libpq's meaning. Where it differs it is stricter: `allow` takes TLS where it is offered,
 * as `prefer`, and `channel_binding=require`, which the driver does not have, verifies the certificate in full instead.
 * Without a root certificate the public authorities' are believed.
 */
export function tlsOf(values: UrlParameters, isSocket: boolean): Tls {
  const legacy = oneOf("ssl", values.take("ssl"), ["true", "false"]);
  const binding = oneOf("channel_binding", values.take("channel_binding"), ["disable", "prefer", "require"]);
  const rootFile = values.take("sslrootcert");
  const client = {
    cert: readFile("sslcert", values.take("sslcert")),
    key: readFile("sslkey", values.take("sslkey")),
    passphrase: values.take("sslpassword"),
  };
  const asked = oneOf("sslmode", values.take("sslmode"), modes) ?? modeOf(legacy, rootFile);
  const mode = binding === "require" ? "verify-full" : asked;
  if (binding === "require" && asked === "disable")
    throw new DatabaseUrlError("channel_binding=require wants TLS, and sslmode is disable");
  if (rootFile === "system" && mode !== "verify-full")
    throw new DatabaseUrlError("sslrootcert=system wants sslmode=verify-full");
  // As in libpq: whoever can bind the socket there owns the folder.
  if (isSocket || mode === "disable") return false;
  if (mode === "allow" || mode === "prefer") {
    if (client.cert) throw new DatabaseUrlError("sslcert wants sslmode=require or a stricter one");
    return "prefer";
  }
  const ca = rootFile === "system" ? undefined : readFile("sslrootcert", rootFile);
  const verifies = mode !== "require" || ca !== undefined;
  return {
    rejectUnauthorized: verifies,
    ...(ca && { ca }),
    ...(client.cert && { cert: client.cert }),
    ...(client.key && { key: client.key }),
    ...(client.passphrase && { passphrase: client.passphrase }),
    ...(verifies && { checkServerIdentity: mode === "verify-full" ? checkServerIdentity : () => undefined }),
  };
}

function modeOf(legacy: "true" | "false" | undefined, rootFile: string | undefined): (typeof modes)[number] {
  if (rootFile === "system") return "verify-full";
  if (legacy === undefined) return "prefer";
  return legacy === "true" ? "require" : "disable";
}

function readFile(name: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new DatabaseUrlError(`${name} names a file that cannot be read, ${path}`, { cause });
  }
}
