import { readFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "vitest";
import { until } from "../../shell/orders.ts";
import { ROOT } from "../../tidy/sources.ts";
import { serveModule, type ServedModule } from "../served-module.ts";
import type { Conforming, DescribedCall, Sent } from "./described-calls.ts";
import type { Refusal, Sender } from "./refusals.ts";

const TOKENS = {
  operator: "operator-token-0123456789abcdef",
  reader: "reader-token-0123456789abcdef",
  node: "node-token-0123456789abcdef",
  stranger: "stranger-token-0123456789abcdef",
} as const;
const API_TOKENS = (["operator", "reader", "node"] as const)
  .map((role) => `${role} ${role}-1 ${TOKENS[role]}`)
  .join(",");

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Of JSON; else the text. */
  readonly body: unknown;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: object;
}
interface OpenApiOperation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>>;
}

/** Kinds of problems, as docs/reference/errors.md has them. */
const STATUS_BY_KIND = new Map(
  [...readFileSync(join(ROOT, "docs/reference/errors.md"), "utf8").matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)].map(
    ([, kind = "", status]) => [kind, Number(status)],
  ),
);

/** What keeps the process's own place, and moves without any request. */
const OWN_TABLES = ["partition_owner", "source_offset", "bus_group"];

/** A conforming module that is served, with all that its contract promises of any answer. */
export class ConformingServer {
  readonly #served: ServedModule;
  #openApi: OpenApi = { paths: {}, components: {} };
  readonly #decided: string[] = [];
  #digests: { readonly at: string | undefined; readonly tables: ReadonlyMap<string, string> } | undefined;

  private constructor(served: ServedModule) {
    this.#served = served;
    for (const system of served.host.systems)
      system.watch((event) => void (event.kind === "decision" && this.#decided.push(event.message.type)));
  }

  static async open({ module, listener }: Conforming): Promise<ConformingServer> {
    const environment = { ROLLCALL_API_TOKENS: API_TOKENS, ROLLCALL_HTTP_RATE_MAX: "100000" };
    const server = new ConformingServer(await serveModule(module, { listener, environment }));
    const document = await server.send({ method: "GET", target: "/openapi.json", headers: {} });
    expect(document.status).toBe(200);
    server.#openApi = document.body as OpenApi;
    return server;
  }

  get operations(): readonly string[] {
    return Object.values(this.#openApi.paths).flatMap((path) => Object.values(path).map((each) => each.operationId));
  }

  get brokenReferences(): readonly string[] {
    const found = [...JSON.stringify(this.#openApi).matchAll(/"\$ref":"#\/([^"]*)"/g)].map(([, path = ""]) => path);
    const at = (path: string): unknown =>
      path
        .split("/")
        .reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], this.#openApi);
    return found.filter((path) => at(path) === undefined);
  }

  /** Messages of a type that were decided on until now: what a domain does by itself is no matter of requests. */
  decisionsOn(type: string): number {
    return this.#decided.filter((each) => each === type).length;
  }

  send({ method, target, headers, body }: Sent, as: Sender = "operator"): Promise<Reply> {
    const own = {
      ...(as !== "nobody" && { authorization: `Bearer ${TOKENS[as]}` }),
      // Not every method's body has one by itself.
      ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }),
    };
    const { hostname, port } = new URL(this.#served.url);
    return new Promise((resolve, reject) => {
      const sent = request({ hostname, port, method, path: target, headers: { ...own, ...headers }, agent: false });
      sent.on("error", reject).on("response", (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part)).on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(parts).toString();
          const isJson = /json/.test(response.headers["content-type"] ?? "") && text !== "";
          const parsed = (isJson ? JSON.parse(text) : text) as unknown;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed });
        });
      });
      sent.end(body);
    });
  }

  /** Server-sent events, as the operator. */
  follow(target: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response> {
    const authorization = `Bearer ${TOKENS.operator}`;
    return fetch(this.#served.url + target, { headers: { authorization, ...headers }, signal });
  }

  /** The answer is one that OpenAPI has for the call, in all that it says of it. */
  assertDescribed({ call, operation }: DescribedCall, { status, headers, text, body }: Reply): void {
    expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    const { responses } = this.operationOf(call);
    const described = responses[status] ?? responses[`${Math.floor(status / 100)}XX`];
    expect(described, `${operation} answers ${status}, of which OpenAPI has nothing`).toBeDefined();
    if (text === "") return;
    const type = (headers["content-type"] ?? "").split(";", 1)[0] ?? "";
    const content = described?.content?.[type];
    expect(content, `${operation} answers ${status} as ${type}, of which OpenAPI has nothing`).toBeDefined();
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const told = { ...content?.schema, components: this.#openApi.components };
    const validate = ajv.compile(closed(told) as object);
    expect(validate(body), `${operation}: ${ajv.errorsText(validate.errors)}: ${text}`).toBe(true);
  }

  /** Of the call's answers of success in JSON or text, those of which OpenAPI does not tell what they look like. */
  untold(call: DescribedCall["call"]): readonly string[] {
    return Object.entries(this.operationOf(call).responses).flatMap(([status, { content = {} }]) =>
      Object.entries(content)
        .filter(([, { schema }]) => /^2\d\d$/.test(status) && Object.keys(schema).length === 0)
        .map(([mediaType]) => `${status} ${mediaType}`),
    );
  }

  operationOf({ path, method }: DescribedCall["call"]): OpenApiOperation {
    const operation = this.#openApi.paths[path]?.[method.toLowerCase()];
    if (!operation) throw new Error(`OpenAPI has no ${method} ${path}`);
    return operation;
  }

  /** The refusal is answered as documented: with its status, and a problem with code, place and remedy. */
  assertRefused(
    { gateway }: DescribedCall,
    { kind, code, place, sent }: Omit<Refusal, "as" | "what">,
    reply: Reply,
  ): void {
    const status = STATUS_BY_KIND.get(kind);
    expect(status, `${kind} is documented`).toBeDefined();
    expect([reply.status, reply.text.slice(0, 300)]).toEqual([status, expect.anything()]);
    expect(reply.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    if (kind === "unauthenticated") expect(reply.headers["www-authenticate"]).toMatch(/^Bearer /);
    if (kind === "method-not-allowed") expect(reply.headers.allow).toMatch(/OPTIONS$/);
    if (sent.method === "HEAD") return;
    // A function of the contract writes them as it likes.
    if (gateway.errors && reply.headers["content-type"] === "application/json") return;
    expect(reply.headers["content-type"]).toBe("application/problem+json");
    expect(reply.body).toMatchObject({
      ...{ type: `urn:rollcall:problem:${kind}`, status, instance: sent.target.split("?", 1)[0]?.slice(0, 1_024) },
      ...{ title: expect.stringMatching(/./), detail: expect.stringMatching(/./) },
      ...(code !== undefined && { code }),
      errors: place ? expect.arrayContaining([expect.objectContaining(place)]) : expect.anything(),
    });
  }

  /** Resolves when all that was sent has had its consequences. */
  settled(): Promise<void> {
    const { systems, store } = this.#served.host;
    return until(async () => {
      // What a call has asked to be purged goes in a turn of its own, some time later.
      const purges = await store.query(
        `select 1 from rollcall.purge_request r join rollcall.entity e using (domain, entity_id)
          where e.state_since = r.ended_at limit 1`,
        [],
      );
      const isIdle = systems.every(({ runtime }) => {
        const { lag, waiting, intents, unpublished } = runtime.status();
        return lag + waiting + intents + unpublished === 0;
      });
      return isIdle && purges.length === 0;
    });
  }

  /** A digest of each table that has what was taken, decided or made of it. */
  async stored(): Promise<ReadonlyMap<string, string>> {
    const { store } = this.#served.host;
    // Where nothing was written at all, nothing is read.
    const [row] = await store.query<{ at: string }>("select pg_current_wal_insert_lsn()::text as at", []);
    if (this.#digests && this.#digests.at === row?.at) return this.#digests.tables;
    const tables = await readDigests(store);
    this.#digests = { at: row?.at, tables };
    return tables;
  }

  /** Ends what is open at the gateways, and then all else. */
  stopGateways(): Promise<void> {
    return this.#served.gateways.close();
  }

  close(): Promise<void> {
    return this.#served.close();
  }
}

/** As the schema, but what it does not name may not be there: an answer has all that is told, and nothing else. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const parts = Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, closed(part)]));
  return "properties" in schema ? { additionalProperties: false, ...parts } : parts;
}

async function readDigests(store: ServedModule["host"]["store"]): Promise<ReadonlyMap<string, string>> {
  const tables = await store.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname like 'rollcall%' and c.relkind = 'r' and c.relname <> all($1::text[]) order by 1`,
    [OWN_TABLES],
  );
  const each = tables.map(
    ({ name }) =>
      `select '${name}' as name, md5(coalesce(string_agg(t::text, '' order by t::text), '')) as digest from ${name} t`,
  );
  const rows = await store.query<{ name: string; digest: string }>(each.join(" union all "), []);
  return new Map(rows.map(({ name, digest }) => [name, digest]));
}
