import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import type { Host, System } from "../../app/host/compose.ts";
import { defineModule, type Module, type ModuleCode } from "../../app/host/module.ts";
import type { Gateways } from "../../app/http/gateway/gateways.ts";
import { call, viewsOf } from "../../runtime/core/gateway-code.ts";
import { ROOT } from "../tidy/sources.ts";
import { PARCELS_CODE } from "./parcels-contracts.ts";
import { serveModule } from "./served-module.ts";

/** A line `role name token` each. */
export const TOKENS = {
  reader: "reader-token-0123456789abcdef",
  operator: "operator-token-0123456789abcdef",
  node: "node-token-0123456789abcdef",
} as const;
export const API_TOKENS = [
  `reader rita ${TOKENS.reader}`,
  `operator olga ${TOKENS.operator}`,
  `node p-mine ${TOKENS.node}`,
].join(",");

export interface GatewayOptions {
  /** Another domain than the parcels, whose listener is called like it. */
  readonly served?: { readonly name: string; readonly contracts: string; readonly code: ModuleCode };
  readonly code?: Partial<ModuleCode>;
  /** Changes a contract's text, by the file's name. */
  readonly edit?: (yaml: string, file: string) => string;
  /** Contracts beside those of parcels/, by the file's name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly onInternalError?: (error: unknown) => void;
}

export interface Answered<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly text: string;
}

/** Parcels behind their gateway, on the embedded store and over real HTTP. */
export class ParcelsGateway {
  readonly host: Host;
  readonly system: System;
  readonly gateways: Gateways;
  /** Of the gateway, and of the host. */
  readonly url: string;
  readonly hostUrl: string;
  readonly contractsDir: string;
  readonly #closers: (() => Promise<unknown> | void)[];

  private constructor(
    parts: Pick<ParcelsGateway, "host" | "gateways" | "url" | "hostUrl" | "contractsDir">,
    closers: (() => Promise<unknown> | void)[],
  ) {
    const [system] = parts.host.systems;
    if (!system) throw new Error("no domain");
    this.system = system;
    this.host = parts.host;
    this.gateways = parts.gateways;
    this.url = parts.url;
    this.hostUrl = parts.hostUrl;
    this.contractsDir = parts.contractsDir;
    this.#closers = closers;
  }

  static async open(options: GatewayOptions = {}): Promise<ParcelsGateway> {
    const { served = PARCELS, code = {}, edit = (yaml) => yaml, files = {}, ...rest } = options;
    const folder = mkdtempSync(join(tmpdir(), "rollcall-contracts-"));
    const contractsDir = join(folder, "contracts");
    cpSync(join(ROOT, served.contracts), contractsDir, { recursive: true });
    editContracts(contractsDir, edit);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(contractsDir, file), text);
    const module = moduleOf(served, pathToFileURL(`${contractsDir}/`), code);
    const opened = await serveModule(module, { listener: served.name, ...rest });
    return new ParcelsGateway({ ...opened, contractsDir }, [
      () => opened.close(),
      () => rmSync(folder, { recursive: true, force: true }),
    ]);
  }

  /** Puts the edited contracts in force. */
  async reload(edit: (yaml: string, file: string) => string): Promise<{ readonly changed: boolean }> {
    editContracts(this.contractsDir, edit);
    return this.system.runtime.reload("a test");
  }

  async ask<Body = Record<string, unknown>>(
    method: string,
    path: string,
    { body, headers = {}, url = this.url }: { body?: unknown; headers?: Record<string, string>; url?: string } = {},
  ): Promise<Answered<Body>> {
    const response = await fetch(url + path, {
      method,
      headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = (/^[[{]/.test(text) ? JSON.parse(text) : text) as Body;
    return { status: response.status, headers: response.headers, body: parsed, text };
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
  }
}

type Served = NonNullable<GatewayOptions["served"]>;

function moduleOf({ name, code: own }: Served, contracts: URL, code: Partial<ModuleCode>): Module {
  return defineModule({ api: 1, name, domains: [{ name, contracts, code: () => ({ ...own, ...code }) }] });
}

const VIEWS: ModuleCode["views"] = {
  parcel: viewsOf<{ email: string }>()(
    z.object({ parcel_id: z.string(), state: z.string().nullable(), email: z.string() }),
    ({ id, state, data }) => ({ parcel_id: id, state, email: data.email }),
  ),
};
const CALLS: ModuleCode["calls"] = {
  count_parcels: call({ answers: z.object({ by_state: z.record(z.string(), z.int()) }) }, async ({ counts }) => ({
    by_state: Object.fromEntries(await counts()),
  })),
  count_as_text: call({ answers: z.string() }, async ({ counts }) =>
    [...(await counts())].map(([state, count]) => `${state} ${count}\n`).join(""),
  ),
};

/** A small domain, for tests that change its contracts. */
export const PARCELS: Served = {
  name: "parcels",
  contracts: "test/gateway/parcels",
  code: { ...PARCELS_CODE, views: VIEWS, calls: CALLS },
};

function editContracts(folder: string, edit: (yaml: string, file: string) => string): void {
  for (const file of readdirSync(folder)) {
    const path = join(folder, file);
    if (!file.endsWith(".yaml")) continue;
    writeFileSync(path, edit(readFileSync(path, "utf8"), file));
  }
}
