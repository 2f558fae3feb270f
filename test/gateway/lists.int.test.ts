import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../shell/orders.ts";
import { LIST_CALLS, LISTED_CODE, VIEWS_FILE } from "./listed-parcels.ts";
import { API_TOKENS, ParcelsGateway, TOKENS } from "./parcels-gateway.ts";

const run = promisify(execFile) as (file: string, given: string[]) => Promise<{ readonly code?: number }>;
/** Of curl: the connection was reset. */
const RECEIVING_FAILED = 56;
const ROWS = 3_000;
/** Fills what client, server and system hold of a body that nobody reads. */
const PADDING = "x".repeat(10_000);

let failsAt: number | undefined;
const troubles: unknown[] = [];
let parcels: ParcelsGateway;
beforeAll(async () => {
  parcels = await ParcelsGateway.open({
    edit: (yaml, file) => (file === "gateway.yaml" ? yaml.trimEnd() + LIST_CALLS : yaml),
    files: VIEWS_FILE,
    code: {
      ...LISTED_CODE,
      rowViews: {
        ...LISTED_CODE.rowViews,
        big_parcel: ({ parcel_id, size }) => {
          if (size === failsAt) throw new Error("a view that fails");
          return { parcel_id: parcel_id ?? null, padding: PADDING };
        },
      },
    },
    environment: { ROLLCALL_API_TOKENS: API_TOKENS },
    onInternalError: (error) => troubles.push(error),
  });
  await parcels.host.store.query(
    `insert into rollcall_parcels.parcel_list_v1 (parcel_id, size, status, marks, note, stored_at, fragile)
       select 'p-' || lpad(n::text, 4, '0'), n / 2, case when n % 3 = 0 then 'COLLECTED' else 'STORED' end,
              case when n % 2 = 0 then array['even', 'small'] else array['odd'] end, null,
              case when n % 5 = 0 then null else timestamptz '2026-01-01Z' + n * interval '1 second' end, n % 7 = 0
         from generate_series(0, ${ROWS - 1}) as n`,
    [],
  );
});
afterAll(() => parcels.close());

interface Listed {
  readonly parcels: readonly { readonly parcel_id: string; readonly size: number }[];
  readonly total: number;
  readonly next: string | null;
}
const asReader = { authorization: `Bearer ${TOKENS.reader}` };
const ask = (query: string, headers: Record<string, string> = asReader) =>
  parcels.ask<Listed>("GET", `/v1/search?${query}`, { headers });
const ids = async (query: string) => (await ask(query)).body.parcels.map(({ parcel_id }) => parcel_id);

describe("a list", () => {
  it("is narrowed by the contract and by parameters, some of which may be there several times", async () => {
    expect((await ask("limit=1")).body.total).toBe((ROWS * 2) / 3);
    expect(await ids("begins=p-000")).toEqual(["p-0001", "p-0002", "p-0004", "p-0005", "p-0007", "p-0008"]);
    expect(await ids("begins=p-000&mark=even&mark=small")).toEqual(["p-0002", "p-0004", "p-0008"]);
    expect(await ids("begins=p-000&mark=even&mark=odd")).toEqual([]);
    expect(await ids("begins=p-000&fragile=true")).toEqual(["p-0007"]);
    expect(await ids("begins=p-000&of=COLLECTED&of=STORED&from=4")).toEqual(["p-0008"]);
    expect(await ids("status=COLLECTED")).toEqual([]);
    expect((await ask("since=2026-01-01T00:49:58Z")).body.total).toBe(2);
  });

  it("leaves out what is hidden, unless it is asked for, and counts its pages from 1 on", async () => {
    const shown = async (query: string) =>
      (await parcels.ask<{ parcel_id: string }[]>("GET", `/v1/pages?${query}`, { headers: asReader })).body.map(
        ({ parcel_id }) => parcel_id,
      );
    expect(await shown("")).toEqual(["p-0001", "p-0002"]);
    expect(await shown("page=2&limit=3")).toEqual(["p-0005", "p-0007", "p-0008"]);
    expect(await shown("hidden=true&limit=3")).toEqual(["p-0000", "p-0001", "p-0002"]);
    expect(await shown("page=1000000")).toEqual([]);
  });

  it("is sorted as asked, and then by the key", async () => {
    expect(await ids("begins=p-000&sortBy=size&order=desc")).toEqual([
      "p-0008",
      "p-0007",
      "p-0005",
      "p-0004",
      "p-0002",
      "p-0001",
    ]);
    expect(await ids("begins=p-000&sortBy=stored_at")).toEqual([
      "p-0001",
      "p-0002",
      "p-0004",
      "p-0007",
      "p-0008",
      "p-0005",
    ]);
  });

  it("comes in pages that miss and repeat nothing, each with a mark of the next", async () => {
    const seen: string[] = [];
    let link = "/v1/search?sortBy=stored_at&order=desc&limit=100&mark=odd";
    while (link !== "") {
      const page = await parcels.ask<Listed>("GET", link, { headers: asReader });
      expect(page.status).toBe(200);
      seen.push(...page.body.parcels.map(({ parcel_id }) => parcel_id));
      expect(page.body.total).toBe(ROWS / 3);
      link = /^<(.*)>; rel="next"$/.exec(page.headers.get("link") ?? "")?.[1] ?? "";
      expect(link === "").toBe(page.body.next === null);
    }
    expect([seen.length, new Set(seen).size]).toEqual([ROWS / 3, ROWS / 3]);
  });

  it("is 400 for what it does not know, also for a mark that somebody made up", async () => {
    const forged = Buffer.from(JSON.stringify([[], ["a", "b"]])).toString("base64url");
    for (const query of ["statuss=STORED", "limit=101", "bare=yes", "from=x", `after=${forged}`, "status=a&status=b"])
      expect([query, (await ask(query)).status]).toEqual([query, 400]);
    expect(await ask("statuss=STORED")).toMatchObject({ body: { errors: [{ parameter: "statuss" }] } });
  });

  it("shows a node its own rows, unless the contract lets it see all", async () => {
    await parcels.host.store.query(
      `insert into rollcall_parcels.parcel_list_v1 values ('p-mine', 1, 'STORED', '{}', null, null, false)`,
      [],
    );
    const asNode = { authorization: `Bearer ${TOKENS.node}` };
    const opened = await parcels.reload((yaml, file) =>
      file === "gateway.yaml" ? yaml.replace("access: [reader, operator]", "access: [reader, operator, node]") : yaml,
    );
    expect(opened.changed).toBe(true);
    expect((await ask("", asNode)).body).toMatchObject({ parcels: [{ parcel_id: "p-mine" }], total: 1 });
    expect((await parcels.ask<unknown[]>("GET", "/v1/all?limit=2", { headers: asNode })).body).toHaveLength(2);
    await parcels.host.store.query("delete from rollcall_parcels.parcel_list_v1 where parcel_id = 'p-mine'", []);
  });

  it("says how many of its rows are older than their entities", async () => {
    expect((await ask("begins=p-000")).headers.get("rollcall-older-rows")).toBeNull();
    await parcels.host.store.query(
      `insert into rollcall.projection_fault (domain, projection, version, entity_id, reason, since)
         select 'parcels', 'parcel_list', 1, id, 'a test', now()
           from unnest(array['p-0001', 'p-0002', 'p-0011']) as id`,
      [],
    );
    expect((await ask("begins=p-000")).headers.get("rollcall-older-rows")).toBe("2");
    await parcels.host.store.query("delete from rollcall.projection_fault", []);
  });

  it("is described with its parameters", async () => {
    const { body } = await parcels.ask("GET", "/openapi.json", { headers: asReader });
    const paths = body["paths"] as Record<string, Record<string, { parameters: { name: string }[] }>>;
    expect(paths["/v1/search"]?.["get"]?.parameters.map(({ name }) => name)).toEqual([
      "status",
      "of",
      "from",
      "mark",
      "begins",
      "since",
      "fragile",
      "sortBy",
      "order",
      "after",
      "limit",
      "bare",
    ]);
  });
});

/** A request as few clients send it. @returns a socket that is not read until somebody does */
function send(path: string, version: string): Socket {
  const { hostname, port } = new URL(parcels.url);
  const socket = connect(Number(port), hostname);
  const lines = [`GET ${path} HTTP/${version}`, `host: ${hostname}`, `authorization: ${asReader.authorization}`];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  return socket;
}

describe("a list without a page", () => {
  const whole = () => fetch(`${parcels.url}/v1/all`, { headers: asReader });

  it("is whole", async () => {
    const body = (await (await whole()).json()) as { parcel_id: string }[];
    expect([body.length, new Set(body.map(({ parcel_id }) => parcel_id)).size]).toEqual([ROWS, ROWS]);
    expect(await (await fetch(`${parcels.url}/v1/all?status=NONE`, { headers: asReader })).json()).toEqual([]);
    const head = await fetch(`${parcels.url}/v1/all`, { headers: asReader, method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("that fails midway is a connection that breaks, for HTTP/1.0 too, and never an end", async () => {
    failsAt = 1_200;
    const before = troubles.length;
    const cut = await whole();
    expect(cut.status).toBe(200);
    await expect(cut.text()).rejects.toThrow("terminated");
    const { code } = await run("curl", [
      ...["--http1.0", "-sS", "-o", "/dev/null", "-H", `authorization: ${asReader.authorization}`],
      `${parcels.url}/v1/all`,
    ]).catch((error: unknown) => error as { readonly code: number });
    expect(code).toBe(RECEIVING_FAILED);
    expect(troubles.slice(before)).toHaveLength(2);
    failsAt = undefined;
    expect((await (await whole()).json()) as unknown[]).toHaveLength(ROWS);
  });

  it("that fails before its first row is a problem", async () => {
    failsAt = 0;
    const failed = await whole();
    failsAt = undefined;
    expect([failed.status, failed.headers.get("content-type")]).toEqual([500, "application/problem+json"]);
    expect(await failed.json()).toMatchObject({ status: 500 });
  });

  it("is written to two at once; what comes then is told when to come again, and pages go on", async () => {
    const slow = ["1.1", "1.1"].map((version) => send("/v1/all", version));
    await Promise.all(slow.map((socket) => once(socket, "readable")));
    const refused = await whole();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    expect((await ask("limit=1")).status).toBe(200);
    for (const socket of slow) socket.destroy();
    await until(async () => {
      const next = await whole();
      await next.text();
      return next.status === 200;
    });
  });
});
