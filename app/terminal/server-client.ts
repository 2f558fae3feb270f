import { type Command, Option } from "commander";
import { bearer } from "../../client/http-access.ts";
import { clientToken } from "../host/config.ts";
import { replaceUnprintable } from "./output.ts";

const DEFAULT_URL = "http://127.0.0.1:8080";
const REQUEST_TIMEOUT_MS = 30_000;
/** For what goes through all entities of a domain. Node itself waits 5 minutes for the beginning of an answer. */
export const WHOLE_DOMAIN_TIMEOUT_MS = 290_000;

export interface ServerOptions {
  readonly url: string;
  readonly json: boolean;
}

/** `--url` and `--json`, for a command that asks a running server. */
export const withServerOptions = (command: Command): Command =>
  command
    .addOption(
      new Option("--url <url>", "the server's address; ROLLCALL_TOKEN is the token that it is sent")
        .env("ROLLCALL_URL")
        .default(DEFAULT_URL),
    )
    .option("--json", "print JSON", false);

/** A problem that the server answered; the message is its detail. */
export class ServerProblem extends Error {
  /** One of docs/reference/errors.md. */
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

type QueryParameters = Readonly<Record<string, string | undefined>>;

/**
 * Calls a running server. Commands never open its data directory, which belongs to one process.
 * @throws Error that names the remedy when it can't be reached; ServerProblem for a problem
 */
export async function callServer<Answer>(
  { url }: Pick<ServerOptions, "url">,
  path: string,
  request: {
    readonly method?: "GET" | "POST" | "DELETE";
    readonly query?: QueryParameters;
    readonly body?: object;
    readonly timeoutMs?: number;
  } = {},
): Promise<Answer> {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new Error(`${JSON.stringify(url)} is not the URL of a server: give --url http://host:port`);
  const address = new URL(path, url);
  for (const [name, value] of Object.entries(request.query ?? {}))
    if (value !== undefined) address.searchParams.set(name, value);
  const response = await fetch(address, {
    method: request.method ?? "GET",
    headers: {
      accept: "application/json",
      ...(request.body && { "content-type": "application/json" }),
      ...bearer(clientToken(process.env)),
    },
    ...(request.body && { body: JSON.stringify(request.body) }),
    signal: AbortSignal.timeout(request.timeoutMs ?? REQUEST_TIMEOUT_MS),
  }).catch((error: unknown) => {
    throw new Error(
      `no answer from ${address.origin} (${connectionError(error)}): is \`rollcall start\` running there? --url or ` +
        "ROLLCALL_URL names another server",
    );
  });
  // An answer without a body is undefined.
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body as Answer;
  const { title, detail, code } = (body ?? {}) as Readonly<Record<"title" | "detail" | "code", string | undefined>>;
  throw new ServerProblem(replaceUnprintable(detail ?? title ?? `the server answered ${response.status}`), code);
}

/** The items of a list, page by page. */
export async function* listItems<Item>(
  server: Pick<ServerOptions, "url">,
  path: string,
  query: QueryParameters,
): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page = await callServer<{ items: Item[]; next_cursor: string | null }>(server, path, {
      query: { ...query, cursor },
    });
    yield* page.items;
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
}

/** The first items of a list, and whether there are more. */
export async function fetchItems<Item>(
  server: Pick<ServerOptions, "url">,
  path: string,
  query: QueryParameters,
  itemsMax: number,
): Promise<{ readonly items: Item[]; readonly more: boolean }> {
  const items: Item[] = [];
  const limit = String(Math.min(500, itemsMax + 1));
  for await (const item of listItems<Item>(server, path, { ...query, limit })) {
    if (items.length === itemsMax) return { items, more: true };
    items.push(item);
  }
  return { items, more: false };
}

function connectionError(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: string; readonly message?: string } };
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}
