import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SHIPPED_CONTRACTS } from "../../app/modules/shipped.ts";
import type { ContractCheck } from "../../app/http/contracts/contract-check.routes.ts";
import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import type { ContractsView, StoredContractsView } from "../../app/http/contracts/contracts.routes.ts";
import type { StateCounts } from "../../app/http/entities/entity-counts.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import { HttpBench } from "./registration/http-bench.ts";

let bench: HttpBench;
beforeAll(async () => {
  bench = await HttpBench.open();
});
afterAll(() => bench.close());

const shipped = (file: string): string => readFileSync(join(SHIPPED_CONTRACTS, file), "utf8");
const versionIn = (file: string): string =>
  /major: (\d+), minor: (\d+), patch: (\d+)/.exec(shipped(file))?.slice(1).join(".") ?? "";
const json = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
const check = (body: unknown) => bench.ask<ContractCheck>("/api/v1/contracts/check", json("POST", body));

describe("the contracts in force", () => {
  it("have texts, versions and history", async () => {
    const { status, body } = await bench.ask<ContractsView>("/api/v1/contracts");
    expect(status).toBe(200);
    expect(body).toMatchObject({ domain: "registration", hash: bench.system.domain.contractHash, editable: false });
    expect(body.files.map(({ file, kind, contract_version }) => [file, kind, contract_version])).toEqual([
      ["orchestrator.yaml", "ORCHESTRATOR", versionIn("orchestrator.yaml")],
      ["reducer.yaml", "REDUCER", versionIn("reducer.yaml")],
      ["effects.yaml", "EFFECT", versionIn("effects.yaml")],
    ]);
    expect(body.files[1]?.text).toBe(shipped("reducer.yaml"));
    expect(body.history).toMatchObject([{ hash: body.hash, versions: { "effects.yaml": versionIn("effects.yaml") } }]);
  });

  it("are a graph of both state machines and the message flow", async () => {
    const { body } = await bench.ask<ContractGraph>("/api/v1/contracts/graph");
    expect(body.machines.map(({ name }) => name)).toEqual(["orchestrator_fsm", "registration_fsm"]);
    const ids = new Set(body.nodes.map(({ id }) => id));
    expect(body.edges.length).toBeGreaterThan(20);
    expect(body.edges.filter(({ from, to }) => !ids.has(from) || !ids.has(to))).toEqual([]);
  });

  it("can be read by their hash, as they were stored", async () => {
    const { contractHash } = bench.system.domain;
    const { body } = await bench.ask<StoredContractsView>(`/api/v1/contracts/versions/${contractHash}`);
    expect(body.files["effects.yaml"]).toBe(shipped("effects.yaml"));
    expect((await bench.ask(`/api/v1/contracts/versions/${"0".repeat(64)}`)).status).toBe(404);
    expect((await bench.ask("/api/v1/contracts/versions/latest")).status).toBe(400);
  });

  it("have counts of nodes by state of both state machines", async () => {
    await bench.activeNode("counted-1");
    const counts = async () => (await bench.ask<StateCounts>("/api/v1/contracts/counts")).body;
    await expect.poll(async () => (await counts()).orchestrator["ACTIVE"], { timeout: 10_000 }).toBe(1);
    await expect.poll(async () => (await counts()).reducer).toEqual({ complete: 1 });
  });

  it("have a JSON Schema", async () => {
    const { body } = await bench.ask("/schemas/contract.schema.json");
    expect(body["title"]).toBe("Rollcall contract");
  });
});

describe("a check of edited contracts", () => {
  it("locates an error, and has no graph then", async () => {
    const text = shipped("orchestrator.yaml").replace("action: activate }", "action: activat }");
    const { status, body } = await check({ files: { "orchestrator.yaml": text } });
    expect(status).toBe(200);
    const line = text.split("\n").findIndex((each) => each.includes("activat }")) + 1;
    expect(body.diagnostics).toMatchObject([
      { file: "orchestrator.yaml", line, severity: "error", suggestion: "activate" },
    ]);
    expect([body.graph, body.model, body.plan]).toEqual([null, null, null]);
  });

  it("has a graph of valid contracts, with the files in force for the others", async () => {
    const text = shipped("orchestrator.yaml").replaceAll("ACK_TIMED_OUT", "GAVE_UP");
    const { body } = await check({ files: { "orchestrator.yaml": text }, model: false });
    expect(body.diagnostics).toEqual([]);
    expect(body.graph?.machines[0]?.states.map(({ name }) => name)).toContain("GAVE_UP");
    expect(body.model).toBeNull();
  });

  it("replays the journal, and names the node that would have ended differently", async () => {
    await bench.activeNode("planned-1");
    const renamed = shipped("orchestrator.yaml").replaceAll(/\bACTIVE\b/g, "WORKING");
    const { status, body } = await check({ files: { "orchestrator.yaml": renamed }, model: false, plan_hours: 1 });
    expect(status).toBe(200);
    const found = body.plan?.found ?? [];
    expect(body.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(found.map(({ entityId }) => entityId)).toContain("planned-1");
    expect(found.find(({ entityId }) => entityId === "planned-1")).toMatchObject({
      recorded: ["ACTIVE"],
      planned: ["WORKING"],
      first: { type: "NodeRegistrationAcked" },
    });
  });

  it("runs one at a time", async () => {
    const both = await Promise.all([check({ files: {}, model: false }), check({ files: {}, model: false })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 503]);
    expect((await check({ files: {}, model: false })).status).toBe(200);
  });

  it.each([
    ["names that are paths", { files: { "../orchestrator.yaml": "" } }, "/files/..~1orchestrator.yaml"],
    [
      "too many files",
      { files: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`f${i}.yaml`, ""])) },
      "/files",
    ],
    ["no files", {}, "/files"],
    ["a year of journal", { files: {}, plan_hours: 8_760 }, "/plan_hours"],
    ["keys that mean nothing", { files: {}, states: 1 }, "/states"],
  ])("refuses %s", async (_what, body, pointer) => {
    const answer = await check(body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } });
  });
});

describe("saving a contract", () => {
  const put = (url: string, file: string, body: unknown) =>
    bench.ask(`/api/v1/contracts/files/${encodeURIComponent(file)}`, json("PUT", body), url);

  it("is allowed in rollcall dev only", async () => {
    const { status, body } = await put(bench.url, "effects.yaml", { text: "x" });
    expect([status, body["detail"]]).toEqual([409, expect.stringContaining("rollcall dev")]);
  });

  it("writes an existing file, and no other", async () => {
    const folder = mkdtempSync(join(tmpdir(), "rollcall-saved-"));
    const contractsDir = join(folder, "contracts");
    cpSync(SHIPPED_CONTRACTS, contractsDir, { recursive: true });
    const before = readdirSync(folder, { recursive: true }).toSorted();
    const server = createHttpServer(bench.changedHost({ contractsDir, editable: true }));
    const url = await server.listen({ host: "127.0.0.1", port: 0 });
    expect((await bench.ask("/api/v1/contracts", {}, url)).body["editable"]).toBe(true);
    expect((await put(url, "effects.yaml", { text: "# ours\n" })).status).toBe(204);
    expect(readFileSync(join(contractsDir, "effects.yaml"), "utf8")).toBe("# ours\n");
    for (const file of ["new.yaml", "../effects.yaml", "messages/fields.ts", "messages", "contracts/effects.yaml"])
      expect([file, (await put(url, file, { text: "# theirs\n" })).status]).toEqual([file, 404]);
    for (const body of [{}, { text: 1 }, { text: "a", more: 1 }])
      expect((await put(url, "effects.yaml", body)).status).toBe(400);
    expect(readdirSync(folder, { recursive: true }).toSorted()).toEqual(before);
    await server.close();
    rmSync(folder, { recursive: true });
  });
});
