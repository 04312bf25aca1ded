import { z } from "zod";
import { createDocument, type ZodOpenApiPathsObject } from "zod-openapi";
import { version } from "../../package.json";
import { answer, defineOperation, type Operation } from "./operation.ts";

/**
 * The document about `operations` and itself, from the schemas that check requests and describe answers, and the call that gives it: made when it
 * is first asked for, and again where `countChanges` tells that what schemas ask for has changed since.
 */
export function openApi(
  operations: readonly Operation[],
  countChanges: () => number,
): { operation: Operation; document(): Record<string, unknown> } {
  const own: Operation = defineOperation({
    method: "get",
    path: "/api/openapi.json",
    summary: "This document",
    answers: { 200: { description: "An OpenAPI 3.1 document.", schema: z.record(z.string(), z.unknown()) } },
    handle: async () => answer(200, document()),
  });
  let made: { document: Record<string, unknown>; changes: number } | undefined;
  const document = () => {
    const changes = countChanges();
    if (made?.changes !== changes) made = { document: { ...makeDocument([...operations, own]) }, changes };
    return made.document;
  };
  return { operation: own, document };
}

function makeDocument(operations: readonly Operation[]): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = {};
  for (const { path, method, document } of operations) {
    const isProbe = !path.startsWith("/api/");
    paths[path] = { ...paths[path], [method]: { ...document, ...(isProbe && { security: [] }) } };
  }
  return createDocument({
    openapi: "3.1.1",
    info: {
      title: "Barline",
      version,
      description: "Daily bars of US stocks: the pipeline that gets them, and what it published.",
    },
    security: [{}, { password: [] }],
    paths,
    components: {
      securitySchemes: {
        password: {
          type: "http",
          scheme: "bearer",
          description: "Where ADMIN_PASSWORD is set: a token made on /system, or a password.",
        },
      },
    },
  });
}
