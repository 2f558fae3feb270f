import { request } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { CallFunction } from "../../runtime/core/gateway-code.ts";
import { until } from "../shell/orders.ts";
import { API_TOKENS, type GatewayOptions, ParcelsGateway } from "./parcels-gateway.ts";

let parcels: ParcelsGateway;
const open = async (options: GatewayOptions = {}): Promise<void> => void (parcels = await ParcelsGateway.open(options));
afterEach(() => parcels.close());

const COUNT = "/v1/parcels/count";
/** A second listener of the domain, whose one call is for everybody. */
const tools = (listener = "name: tools, port: 9211"): Record<string, string> => ({
  "tools.yaml": [
    "name: parcel_tools\nnode_type: GATEWAY\ncontract_version: { major: 1, minor: 0, patch: 0 }",
    `domain: parcels\nlistener: { ${listener} }\nbase_path: /tools\naccess: public\ncalls:`,
    "  - { operation: toolCount, route: GET /count, call: count_parcels }\n",
  ].join("\n"),
});
const inGateway =
  (...edits: readonly (readonly [string, string])[]) =>
  (yaml: string, file: string): string =>
    file === "gateway.yaml" ? edits.reduce((text, [from, to]) => text.replace(from, to), yaml) : yaml;
const withListener = (more: string) => inGateway(["port: 9210", `port: 9210, ${more}`]);

/** With a Host of its own, which fetch does not send. */
function ask(url: string, headers: Record<string, string> = {}, path = COUNT): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { agent: false, headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    sent.on("error", reject).end();
  });
}
const urlOf = (listener: string): string => parcels.gateways.addresses.get(listener) ?? "";

describe("the host names of a listener", () => {
  it("are its own where they are said of it, and else those of all ports", async () => {
    const names = "all.example,tools=tools.example,tools=tools.internal";
    const environment = { ROLLCALL_HTTP_NAMES: names, ROLLCALL_LISTENERS: "parcels=0,tools=0" };
    await open({ files: tools(), environment });
    const statuses = async (url: string, path?: string) =>
      Promise.all(["all.example", "tools.example", "tools.internal"].map((host) => ask(url, { host }, path)));
    expect(await statuses(urlOf("parcels"))).toEqual([200, 421, 421]);
    expect(await statuses(urlOf("tools"), "/tools/count")).toEqual([421, 200, 200]);
    expect(await statuses(parcels.hostUrl, "/health/live")).toEqual([200, 421, 421]);
  });

  it("are asked beyond loopback too, where being in a network is all that a caller needs", async () => {
    const environment = { ROLLCALL_LISTENERS: "parcels=off,tools=0.0.0.0:0" };
    await open({ files: tools("name: tools, port: 9211, networks: [127.0.0.0/8]"), environment });
    const url = `http://127.0.0.1:${new URL(urlOf("tools")).port}`;
    const rebound = { host: "evil.example", origin: "http://evil.example" };
    expect(await ask(url, rebound, "/tools/count")).toBe(421);
    expect(await ask(url, { host: "192.0.2.1" }, "/tools/count")).toBe(200);
    await parcels.close();
    await open({ files: tools(), environment });
    const open2 = `http://127.0.0.1:${new URL(urlOf("tools")).port}`;
    expect(await ask(open2, { host: "registry.internal" }, "/tools/count")).toBe(200);
  });
});

describe("the origins of a listener", () => {
  const allowed = async (url: string, origin: string, path = COUNT) => {
    const { status, headers } = await parcels.ask("GET", path, { url, headers: { origin } });
    return [status, headers.get("access-control-allow-origin")];
  };

  it("are those of the machine, where it says some", async () => {
    const environment = { ROLLCALL_HTTP_ORIGINS: "parcels=https://here.example,parcels=https://there.example" };
    await open({ edit: withListener('origins: ["https://ops.example"]'), environment });
    for (const origin of ["https://here.example", "https://there.example"])
      expect(await allowed(parcels.url, origin)).toEqual([200, origin]);
    expect(await allowed(parcels.url, "https://ops.example")).toEqual([403, null]);
  });

  it("count at the host's own port for its calls alone", async () => {
    const origin = "https://ops.example";
    await open({
      edit: withListener(`origins: ["${origin}"]`),
      files: tools(),
      environment: { ROLLCALL_LISTENERS: "parcels=main,tools=main" },
    });
    expect(await allowed(parcels.url, origin)).toEqual([200, origin]);
    const preflight = { origin, "access-control-request-method": "PUT" };
    const asked = await parcels.ask("OPTIONS", "/v1/parcels/p-1", { headers: preflight });
    expect([asked.status, asked.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
    expect(await allowed(parcels.url, origin, "/tools/count")).toEqual([403, null]);
    expect(await allowed(parcels.url, origin, "/api/v1/domains")).toEqual([403, null]);
  });

  it("open no path of the host's own that a gateway has too", async () => {
    const origin = "https://ops.example";
    const edit = inGateway(
      ["port: 9210", `port: 9210, origins: ["${origin}"]`],
      ["base_path: /v1", "base_path: /api/v1"],
      ["route: PUT /parcels/{parcel_id}", "route: PUT /contracts/files/{parcel_id}"],
    );
    await open({ edit, environment: { ROLLCALL_LISTENERS: "parcels=main" } });
    const put = await parcels.ask("PUT", "/api/v1/contracts/files/gateway.yaml", { body: {}, headers: { origin } });
    expect(put).toMatchObject({ status: 403, body: { type: "urn:rollcall:problem:foreign-origin" } });
  });
});

describe("the networks of a listener", () => {
  it("count at the host's own port for its calls alone", async () => {
    const environment = { ROLLCALL_LISTENERS: "parcels=main,tools=main", TRUSTED_PROXIES: "127.0.0.1" };
    await open({
      edit: withListener("networks: [10.0.0.0/8]"),
      files: tools("name: tools, port: 9211, networks: [11.0.0.0/8]"),
      environment,
    });
    const from = (address: string, path: string) => ask(parcels.hostUrl, { "x-forwarded-for": address }, path);
    expect([await from("10.0.0.1", COUNT), await from("11.0.0.1", COUNT)]).toEqual([200, 403]);
    const path = "/tools/count";
    expect([await from("10.0.0.1", path), await from("11.0.0.1", path)]).toEqual([403, 200]);
    expect(await from("12.0.0.1", "/api/v1/domains")).toBe(200);
  });
});

describe("the limits of a listener", () => {
  it("are its own: requests of an address at one port don't count at another", async () => {
    const environment = { ROLLCALL_LISTENERS: "parcels=0,tools=0", ROLLCALL_HTTP_RATE_MAX: "1000,tools=1" };
    await open({ files: tools(), environment });
    const statuses = [];
    for (let times = 0; times < 6; times++) statuses.push(await ask(urlOf("tools"), {}, "/tools/count"));
    expect(statuses).toContain(429);
    for (let times = 0; times < 6; times++) expect(await ask(urlOf("parcels"))).toBe(200);
  });

  it("close connections that are too many, and take others when there is room", async () => {
    await open({ environment: { ROLLCALL_HTTP_CONNECTIONS_MAX: "parcels=1" } });
    const { hostname, port } = new URL(parcels.url);
    const held = connect(Number(port), hostname);
    await new Promise((resolve) => held.once("connect", resolve));
    // Taken by the server, too, once it answers.
    held.write(`GET ${COUNT} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await new Promise((resolve) => held.once("data", resolve));
    await expect(ask(parcels.url)).rejects.toThrow();
    expect(await ask(parcels.hostUrl, {}, "/health/live")).toBe(200);
    held.destroy();
    await until(async () => (await ask(parcels.url).catch(() => 0)) === 200);
  });
});

describe("a listener that other machines reach, without tokens", () => {
  it("knows nobody, so that no call takes its caller for an operator", async () => {
    const showCaller: CallFunction = (_, { caller }) => ({ ...caller });
    const calls = { count_parcels: showCaller, count_as_text: showCaller };
    const environment = { ROLLCALL_LISTENERS: "parcels=off,tools=0.0.0.0:0" };
    await open({ files: tools(), environment, code: { calls } });
    const said = await parcels.ask("GET", "/tools/count", { url: `http://127.0.0.1:${new URL(urlOf("tools")).port}` });
    expect(said.body).toEqual({ id: "", roles: [], permissions: [], privileged: false });
  });

  it("lets nobody use a call that a reload takes from everybody", async () => {
    await open({ files: tools(), environment: { ROLLCALL_LISTENERS: "parcels=off,tools=0.0.0.0:0" } });
    const url = `http://127.0.0.1:${new URL(urlOf("tools")).port}`;
    expect(await ask(url, {}, "/tools/count")).toBe(200);
    await parcels.reload((yaml, file) =>
      file === "tools.yaml" ? yaml.replace("access: public", "access: [operator]") : yaml,
    );
    const asked = () => ask(url, {}, "/tools/count").catch(() => "closed");
    expect(await asked()).not.toBe(200);
    await expect.poll(asked).toBe("closed");
  });
});

describe("a reload", () => {
  it("opens the listeners that are new, and closes those that have gone", async () => {
    await open({ files: tools(), environment: { ROLLCALL_LISTENERS: "parcels=0,tools=0,more=0" } });
    const rename = (from: string, to: string) =>
      parcels.reload((yaml, file) => (file === "tools.yaml" ? yaml.replace(from, to) : yaml));
    const gone = urlOf("tools");
    await rename("name: tools, port: 9211", "name: more, port: 9212");
    await until(() => urlOf("more") !== "");
    expect([...parcels.gateways.addresses.keys()].toSorted()).toEqual(["more", "parcels"]);
    expect(await ask(urlOf("more"), {}, "/tools/count")).toBe(200);
    await expect(ask(gone, {}, "/tools/count")).rejects.toThrow();
  });
});

describe("names of ports that there are not", () => {
  it("are told with those that there are", async () => {
    const { namesOfNoListener } = await import("../../app/host/listener-variables.ts");
    await open({ environment: { ROLLCALL_API_TOKENS: API_TOKENS, ROLLCALL_HTTP_NAMES: "parcel=a.example" } });
    expect(parcels.gateways.names).toEqual(["main", "parcels"]);
    expect(namesOfNoListener(parcels.host.config, parcels.gateways.names)).toEqual([
      "ROLLCALL_HTTP_NAMES names parcel, which is no port here: there are main, parcels",
    ]);
  });
});
