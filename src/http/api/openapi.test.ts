// The OpenAPI document: public, whole, and without a reference to nowhere.
import { beforeAll, describe, expect, it } from "vitest";
import { createTestEngine } from "../../../test/support/engine.ts";

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: unknown;
  }[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Record<string, { readonly schema: unknown }>;
  };
  readonly responses: Record<
    string,
    { readonly description?: string; readonly content?: Record<string, { readonly schema: unknown }> }
  >;
}
interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: Record<string, Record<string, unknown>>;
  readonly security: unknown;
}

let status: number;
let document: Document;
let operations: [string, Operation][];

beforeAll(async () => {
  // The document needs no database.
  const { tally } = await createTestEngine({ database: "postgres://localhost:9/none" });
  const response = await tally.handlers.api(new Request("http://localhost/api/v1/openapi.json"));
  status = response.status;
  document = (await response.json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path}`,
      operation,
    ]),
  );
  await tally.close();
});

function referencesOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (name === "$ref" ? [String(inner)] : referencesOf(inner)));
}

describe("the OpenAPI document", () => {
  it("is of version 3.1 and says how to authenticate", () => {
    expect(status).toBe(200);
    expect(document.openapi).toBe("3.1.0");
    expect(document.info).toMatchObject({ title: "Tallystick", version: "1" });
    expect(document.security).toEqual([{ apiKey: [] }]);
    expect(document.components["securitySchemes"]).toEqual({ apiKey: { type: "http", scheme: "bearer" } });
  });

  it("lists every route", () => {
    expect(operations.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        "GET /api/v1/accounts/{userId}",
        "GET /api/v1/accounts/{userId}/transactions",
        "POST /api/v1/accounts/{userId}/grants",
        "POST /api/v1/accounts/{userId}/consume",
        "GET /api/v1/accounts/{userId}/export",
        "DELETE /api/v1/accounts/{userId}",
        "POST /api/v1/accounts/{userId}/holds",
        "GET /api/v1/holds/{id}",
        "POST /api/v1/holds/{id}/capture",
        "POST /api/v1/holds/{id}/void",
        "POST /api/v1/transactions/{id}/refund",
        "POST /api/v1/accounts/{userId}/refunds",
        "POST /api/v1/accounts/{userId}/adjustments",
        "POST /api/v1/accounts/{userId}/freeze",
        "POST /api/v1/accounts/{userId}/unfreeze",
        "POST /api/v1/accounts/{userId}/merge",
        "GET /api/v1/accounts/{userId}/limits",
        "PUT /api/v1/accounts/{userId}/limits",
        "DELETE /api/v1/accounts/{userId}/limits",
        "POST /api/v1/payments/{id}/returns",
        "POST /api/v1/consume-batch",
        "GET /api/v1/events",
        "POST /api/v1/events/{id}/replay",
        "GET /api/v1/tasks",
        "GET /api/v1/tasks/{id}",
        "POST /api/v1/tasks/{id}/replay",
        "GET /api/v1/audit",
        "GET /api/v1/accounts/{userId}/usage",
        "GET /api/v1/exports/transactions",
        "GET /api/v1/reports/usage",
        "GET /api/v1/reports/credits",
        "GET /api/v1/reports/deferred-revenue",
        "GET /api/v1/reports/expiring",
        "GET /api/v1/reports/expiring-by-day",
        "POST /api/v1/billing/checkout",
        "GET /api/v1/billing/checkouts/{id}",
        "POST /api/v1/billing/portal",
        "GET /api/v1/billing/subscriptions",
        "POST /api/v1/billing/subscriptions/{id}/cancel",
        "POST /api/v1/billing/subscriptions/{id}/resume",
        "POST /api/v1/billing/subscriptions/{id}/preview",
        "POST /api/v1/billing/subscriptions/{id}/change",
        "GET /api/v1/billing/auto-top-ups/{userId}",
        "PUT /api/v1/billing/auto-top-ups/{userId}",
        "DELETE /api/v1/billing/auto-top-ups/{userId}",
        "POST /api/v1/billing/auto-top-ups/{userId}/retry",
      ]),
    );
  });

  it("resolves every reference", () => {
    const references = referencesOf(document);
    const known = new Set(
      Object.entries(document.components).flatMap(([kind, named]) =>
        Object.keys(named).map((name) => `#/components/${kind}/${name}`),
      ),
    );
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((reference) => !known.has(reference))).toEqual([]);
  });

  it("declares the parameters of every path as required, and every parameter with a schema", () => {
    for (const [name, { parameters = [] }] of operations) {
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const declared = parameters.filter((parameter) => parameter.in === "path");
      expect({ name, inPath: declared.map((parameter) => parameter.name) }).toEqual({ name, inPath });
      expect(declared.filter(({ required }) => required !== true)).toEqual([]);
      expect(parameters.filter(({ schema }) => schema === undefined)).toEqual([]);
    }
  });

  it("describes every operation and every answer, errors in the one shape", () => {
    const error = { $ref: "#/components/schemas/Error" };
    const anything = expect.anything() as unknown;
    for (const [name, { summary, responses }] of operations) {
      expect({ name, summary }).toEqual({ name, summary: expect.stringMatching(/\S/) as string });
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(["200", "400", "401", "503"]));
      for (const [code, { description, content }] of Object.entries(responses)) {
        const schema = (content?.["application/json"] ?? content?.["text/csv"])?.schema;
        expect({ name, code, description, schema }).toEqual({
          name,
          code,
          description: expect.stringMatching(/\S/) as string,
          schema: code === "200" ? anything : error,
        });
      }
    }
  });

  it("asks for a body where one is read, and offers the idempotency key where something is written", () => {
    const withBody = operations.filter(([, { requestBody }]) => requestBody?.required === true).map(([name]) => name);
    const withKey = operations
      .filter(([, { parameters = [] }]) => parameters.some((parameter) => parameter.name === "idempotency-key"))
      .map(([name]) => name);
    const keyed = ["capture", "void"].map((settlement) => `POST /api/v1/holds/{id}/${settlement}`);
    expect(withKey).toEqual(expect.arrayContaining([...keyed, "POST /api/v1/transactions/{id}/refund"]));
    for (const names of [withBody, withKey]) {
      expect(names).toEqual(
        expect.arrayContaining(
          ["grants", "consume", "holds", "refunds", "adjustments"].map(
            (name) => `POST /api/v1/accounts/{userId}/${name}`,
          ),
        ),
      );
      expect(names.filter((name) => name.startsWith("GET"))).toEqual([]);
    }
  });
});
