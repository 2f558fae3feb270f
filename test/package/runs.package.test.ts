import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { freePorts } from "../real/services/free-ports.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { Installed } from "./installed.ts";
import { runDomain } from "./run-domain.ts";

const installed = new Installed();
afterAll(() => installed.close());

it("what runs once waits for a person, is cancelled, and is purged by hand", async () => {
  expect(await installed.rollcall("new", "runs", "--minimal")).toMatchObject({ code: 0, stderr: "" });
  const folder = join(installed.folder, "data/runs");
  runDomain(folder);
  for (const command of ["validate", "check"])
    expect(await installed.rollcallIn("data/runs", command, "contracts")).toMatchObject({
      ...{ code: 0, stderr: "", stdout: expect.stringContaining("no problems") },
    });
  const { http } = await freePorts(["http"]);
  await installed.serve(http, folder);
  const url = `http://127.0.0.1:${http}`;
  const rollcall = (...args: readonly string[]) => installed.rollcall(...args, "--url", url);
  const say = async (payload_type: string): Promise<void> => {
    const body = JSON.stringify({ payload_type, payload: { run_id: "r-1" } });
    const headers = { "content-type": "application/json" };
    expect((await fetch(`${url}/api/v1/events`, { method: "POST", headers, body })).status).toBe(202);
  };
  const explained = (text: RegExp) =>
    waitUntil(async () => expect((await rollcall("explain", "r-1")).stdout).toMatch(text), {
      ...{ what: String(text), timeoutMs: 60_000 },
    });

  await say("StartRun");
  // It has not failed: nothing is blocked.
  await explained(/^r-1 is RUNNING .*, not done yet since [^ ]+: a person decides\)\. What can change its state: /);
  expect((await rollcall("intents", "list")).stdout).toMatch(/ work\.do +r-1 +not yet .* a person decides$/m);
  const early = await rollcall("entities", "purge", "r-1", "--reason", "too early");
  expect(early).toMatchObject({ code: 1, stderr: expect.stringContaining("only an entity in a state with `retain`") });
  await say("CancelRun");
  await explained(/^r-1 is ENDED .* ENDED is its end\. It is kept until [^ ]+, and purged then\./);

  const purged = await rollcall("entities", "purge", "r-1", "--reason", "asked for by its owner");
  expect(purged).toEqual({ code: 0, stdout: "r-1 is purged\n", stderr: "" });
  await say("StartRun");
  await explained(
    /^r-1 was purged: .*Recent messages without effect: StartRun .* Its id is new once its tombstone has/,
  );
}, 300_000);
