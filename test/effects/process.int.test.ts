import { existsSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { living } from "../../effects/process/process-tree.ts";
import type { FlowFunction, Means } from "../../effects/process/runnable.ts";
import type { RunNews } from "../../effects/process/run-news.ts";
import { Runner } from "../../effects/process/runner.ts";
import { HeardRunner, node, program, shell } from "./process-suite.ts";

const scratch = mkdtempSync(join(tmpdir(), "rollcall-process-"));
let opened: HeardRunner | undefined;
const runnerOf = async (flows: Readonly<Record<string, Means>>, more = {}): Promise<HeardRunner> =>
  (opened = await new HeardRunner(flows, more).open());
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

const linesOf = (news: readonly RunNews[]): readonly string[] =>
  news.flatMap((each) => (each.kind === "logged" ? each.lines : []));
const nodeId = ({ folder }: HeardRunner): string => readFileSync(join(folder, "node-id"), "utf8").trim();
const left = (heard: HeardRunner, id: string): readonly number[] => living({ mark: `${nodeId(heard)}/${id}` });

describe("a program", () => {
  it("is given its inputs as data, whatever a shell would make of them", async () => {
    const inputs = { a: "$(touch pwned); `id` && rm -rf / | \"'", b: "\n\u0000 -- ; \\", c: ["<x>", "%s%n"] };
    const heard = await runnerOf({
      echo: node(`process.stdin.once("data", (line) => console.log(JSON.stringify({ result: JSON.parse(line) })));
        process.stdin.once("data", () => process.exit(0));`),
    });
    const { b, ...rest } = inputs;
    expect(await heard.run("echo", { inputs })).toMatchObject({
      kind: "done",
      result: { fid: "echo", inputs: { ...rest, b: b.replace("\u0000", "\ufffd") } },
    });
  });

  it("that only prints is understood: lines are its log, the exit code is its end", async () => {
    const heard = await runnerOf({
      prints: shell("echo one; echo two >&2; printf half"),
      fails: shell("echo 'out of paper' >&2; exit 3"),
      dies: shell("kill -9 $$"),
      absent: program("/no/such/program"),
    });
    expect(await heard.run("prints")).toMatchObject({ kind: "done", result: null });
    expect(linesOf(heard.newsOf("prints")).toSorted()).toEqual(["half", "one", "two"]);
    expect(await heard.run("fails")).toMatchObject({ code: "exit", message: "exit code 3: out of paper" });
    expect(await heard.run("dies")).toMatchObject({ code: "exit", message: "ended by SIGKILL" });
    expect(await heard.run("absent")).toMatchObject({ code: "cannot_start" });
  });

  it("is believed the first of what it says of its end", async () => {
    const heard = await runnerOf({
      both: shell(`echo '{"result": 1}'; echo '{"error": "no"}'; exit 1`),
      error: shell(`echo '{"error": {"code": "no_paper", "message": "empty"}}'; exit 0`),
      large: node(`console.log(JSON.stringify({ result: "x".repeat(64 * 1024 - 14) }))`),
    });
    expect(await heard.run("both")).toMatchObject({ kind: "done", result: 1 });
    expect(await heard.run("error")).toMatchObject({ kind: "failed", code: "no_paper", message: "empty" });
    expect(await heard.run("large")).toMatchObject({ kind: "done" });
  });

  it("gets no variable but PATH, its mark and those of the scope file, and no descriptor but three", async () => {
    process.env["ROLLCALL_TEST_SECRET"] = "canary-of-the-environment";
    const means = {
      ...shell("env; ls -l /proc/$$/fd; true"),
      env: { GIVEN: "1" },
    } as Means;
    const heard = await runnerOf({ env: means });
    await heard.run("env");
    delete process.env["ROLLCALL_TEST_SECRET"];
    const lines = linesOf(heard.newsOf("env"));
    const names = lines.filter((line) => /^\w+=/.test(line)).map((line) => line.split("=")[0]);
    // A shell adds those of its own.
    expect(names.filter((name) => !["PWD", "OLDPWD", "SHLVL", "_"].includes(name ?? "")).toSorted()).toEqual([
      ...["GIVEN", "PATH", "ROLLCALL_RUN"],
    ]);
    const open = lines.filter((line) => / -> (?!\/dev\/null$)/.test(line));
    expect(open).toHaveLength(3);
  });

  it("runs as the user that the scope file names", { skip: process.getuid?.() !== 0 }, async () => {
    const user = { uid: 65_534, gid: 65_534 };
    const means = { ...shell(`id -u; cat /proc/$PPID/environ > /dev/null && echo readable`), user } as Means;
    const heard = await runnerOf({ nobody: means });
    await heard.run("nobody");
    const lines = linesOf(heard.newsOf("nobody"));
    expect(lines).toContain("65534");
    expect(lines).not.toContain("readable");
    expect(statSync(join(heard.folder, "started")).mode & 0o077).toBe(0);
  });
});

describe("what a program says", () => {
  it("is bounded: of 1 GB on one line, and on many, a little is kept", async () => {
    const heard = await runnerOf({
      line: shell('head -c 1000000000 /dev/zero; echo; echo \'{"result": "one"}\''),
      lines: shell('yes 0123456789abcdef | head -c 1000000000; echo; echo \'{"result": "many"}\''),
    });
    const before = process.memoryUsage().rss;
    for (const id of ["line", "lines"]) heard.runner.start(id, id, {});
    expect(await heard.end("line")).toMatchObject({ kind: "done", result: "one" });
    expect(await heard.end("lines")).toMatchObject({ kind: "done", result: "many" });
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
    const said = [...linesOf(heard.newsOf("line")), ...linesOf(heard.newsOf("lines"))];
    expect(said.length).toBeLessThan(1_010);
    expect(said.reduce((sum, line) => sum + line.length, 0)).toBeLessThan(100_000);
  });

  it("makes no second line of one, and no text that can't be stored", async () => {
    const text = "a\\rdata: x\\u0000\\u001b[2J\\u2028b";
    const heard = await runnerOf({ log: shell(`printf '%s\\n' '{"log": "${text}"}'; printf 'c\\rd\\377\\n'`) });
    await heard.run("log");
    expect(linesOf(heard.newsOf("log"))).toEqual(["a data: x\ufffd [2J b", "c d\ufffd"]);
  });

  it("of its progress the last is told, without end of news in between", async () => {
    const heard = await runnerOf({
      fast: node(`for (let i = 1; i <= 20000; i++) console.log(JSON.stringify({ progress: i }))`),
    });
    await heard.run("fast");
    const progress = heard.newsOf("fast").flatMap((news) => (news.kind === "progressed" ? [news.progress] : []));
    expect(progress.at(-1)).toBe(20_000);
    expect(progress.length).toBeLessThan(1_000);
    const numbers = heard.told.map(({ nth }) => nth);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });
});

const ASKS = `const lines = require("node:readline").createInterface({ input: process.stdin });
lines.on("line", (line) => { const { answer } = JSON.parse(line);
  if (answer) { console.log(JSON.stringify({ result: answer })); process.exit(0); } });`;

describe("a lock", () => {
  it("is answered by its id, once", async () => {
    const heard = await runnerOf({ asks: node(`${ASKS} console.log('{"lock": {"lid": "a", "question": "?"}}');`) });
    heard.runner.start("asks", "asks", {});
    expect(await heard.until("asks", "locked")).toMatchObject({ lid: "a", question: "?" });
    heard.runner.answer("asks", "other", 1);
    for (const result of [2, 3]) heard.runner.answer("asks", "a", result);
    expect(await heard.end("asks")).toMatchObject({ result: { lid: "a", result: 2 } });
  });

  it("that is none, and one too many, ends the run with the reason", async () => {
    const many = Array.from({ length: 17 }, (_, nth) => `console.log('{"lock": {"lid": "l${nth}"}}');`).join("");
    const heard = await runnerOf({
      wrong: node(`${ASKS} console.log('{"lock": {"timeout": "8d"}}');`),
      many: node(ASKS + many),
    });
    expect(await heard.run("wrong")).toMatchObject({ code: "bad_lock", message: "a lock waits a week at most" });
    expect(await heard.run("many")).toMatchObject({ code: "bad_lock", message: "16 locks are open" });
  });

  it("that nobody answers in time ends the run", async () => {
    const heard = await runnerOf({ asks: node(`${ASKS} console.log('{"lock": {"timeout": 0.2}}');`) });
    expect(await heard.run("asks")).toMatchObject({ code: "lock_expired", message: expect.stringContaining("lock-1") });
    await expect.poll(() => heard.runner.count).toBe(0);
    expect(left(heard, "asks")).toEqual([]);
  });

  it("does not count for the time that a run may take", async () => {
    const flows = { asks: node(`${ASKS} console.log('{"lock": "?"}');`), sleeps: shell("sleep 100") };
    const heard = await runnerOf(flows, { timeoutMs: 1_500 });
    heard.runner.start("asks", "asks", {});
    await heard.until("asks", "locked");
    expect(await heard.run("sleeps")).toMatchObject({ code: "timeout" });
    heard.runner.answer("asks", "lock-1", true);
    expect(await heard.end("asks")).toMatchObject({ kind: "done", result: { lid: "lock-1", result: true } });
  });
});

describe("the end of a run", () => {
  it("is the end of all that it has started: its group, sessions of their own, those that ignore SIGTERM", async () => {
    const file = join(scratch, "beats");
    // They end by themselves in the end: a runner that is broken leaves nothing for good.
    const worker = `trap "" TERM; for _ in $(seq 1000); do date +%N > ${file}; sleep 0.05; done`;
    const heard = await runnerOf({
      ignores: shell(worker),
      leaves: shell(`sh -c '${worker}' & exit 0`),
      session: shell(`setsid sh -c '${worker}' & trap 'exit 0' TERM; for _ in $(seq 1000); do sleep 0.05; done`),
      holds: shell(`setsid sleep 100 & echo '{"result": "held"}'`),
    });
    for (const id of ["ignores", "session"]) {
      heard.runner.start(id, id, {});
      await expect.poll(() => existsSync(file)).toBe(true);
      await heard.runner.stop(id);
      expect(left(heard, id)).toEqual([]);
      expect(await heard.end(id)).toMatchObject({ code: "killed" });
    }
    // Its stdout is held open by what it has left behind: it ends all the same.
    for (const id of ["leaves", "holds"]) {
      expect(await heard.run(id)).toMatchObject({ kind: "done" });
      await expect.poll(() => heard.runner.count).toBe(0);
      expect(left(heard, id)).toEqual([]);
    }
  });

  it("makes room for another one, which has waited", async () => {
    const heard = await runnerOf({ sleeps: shell("sleep 100"), quick: shell("exit 0") }, { concurrency: 1 });
    expect(heard.runner.start("first", "sleeps", {})).toBe(true);
    expect(heard.runner.start("second", "quick", {})).toBe(false);
    await heard.runner.stop("first");
    await heard.end("first");
    await expect.poll(() => heard.runner.start("second", "quick", {})).toBe(true);
    expect(await heard.end("second")).toMatchObject({ kind: "done" });
  });
});

describe("a run", () => {
  it("is begun once, however often it is asked for", async () => {
    const file = join(scratch, "begun");
    const heard = await runnerOf({ counts: shell(`echo x >> ${file}; sleep 0.3`) });
    for (let time = 0; time < 3; time++) heard.runner.start("once", "counts", {});
    await heard.end("once");
    await expect.poll(() => heard.runner.count).toBe(0);
    heard.runner.start("once", "counts", {});
    expect(await heard.until("once", "failed")).toMatchObject({ code: "lost" });
    expect(readFileSync(file, "utf8")).toBe("x\n");
  });

  it("that another process of the node has begun is lost, and what it has left is ended at the start", async () => {
    const heard = await runnerOf({ sleeps: shell("setsid sleep 100 & sleep 100") });
    heard.runner.start("cut", "sleeps", {});
    await heard.until("cut", "started");
    await expect.poll(() => left(heard, "cut").length).toBeGreaterThan(1);
    const next = new Runner({ folder: heard.folder, flows: new Map(), concurrency: 1, graceMs: 300 });
    expect(next.isLost("cut")).toBe(true);
    expect(next.start("cut", "sleeps", {})).toBe(false);
    await next.prepare();
    expect(left(heard, "cut")).toEqual([]);
    expect(next.start("cut", "sleeps", {})).toBe(true);
    const [news] = await next.nextNews(new AbortController().signal);
    expect(news).toMatchObject({ runId: "cut", news: { kind: "failed", code: "lost" } });
  });

  it.each(["", "\0".repeat(16), "half-an-id", "\ufeff\r\n"])(
    "is found by another id after the file was cut: %j",
    (cut) => {
      const folder = mkdtempSync(join(tmpdir(), "rollcall-id-"));
      const flows = new Map();
      void new Runner({ folder, flows, concurrency: 1 });
      writeFileSync(join(folder, "node-id"), cut);
      void new Runner({ folder, flows, concurrency: 1 });
      expect(readFileSync(join(folder, "node-id"), "utf8")).toMatch(/^[0-9a-f-]{36}\n$/);
    },
  );
});

describe("a flow behind an address", () => {
  let server: Server | undefined;
  afterEach(() => void server?.closeAllConnections());
  const serve = async (answer: Parameters<typeof createServer>[1]): Promise<string> => {
    server = createServer(answer as never);
    await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  it("is sent the inputs, and its answer is the result; it is sent on nowhere, and has an end", async () => {
    const url = await serve((request, response) => {
      if (request.url === "/elsewhere") return response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
      if (request.url === "/never") return;
      if (request.url === "/flood") return void request.pipe(response).write("x".repeat(2 * 1024 * 1024));
      response.setHeader("content-type", "application/json");
      request.pipe(response);
    });
    const at = (path: string): Means => ({ kind: "http", url: url + path });
    const flows = { echo: at("/echo"), elsewhere: at("/elsewhere"), never: at("/never"), flood: at("/flood") };
    const heard = await runnerOf(flows, { timeoutMs: 1_500 });
    expect(await heard.run("echo", { inputs: { a: 1 } })).toMatchObject({ kind: "done", result: { a: 1 } });
    expect(await heard.run("elsewhere")).toMatchObject({ code: "http", message: expect.stringContaining("sent on") });
    expect(await heard.run("flood")).toMatchObject({ code: "http", message: expect.stringContaining("more than") });
    expect(await heard.run("never")).toMatchObject({ code: "timeout" });
  });
});

describe("a function", () => {
  it("tells, asks and returns, and what it throws is its error", async () => {
    const asks: FlowFunction = async (_, { progress, lock }) => {
      progress(1);
      return { answered: await lock("?") };
    };
    const fails: FlowFunction = () => {
      throw new Error("no");
    };
    const means = (run: FlowFunction): Means => ({ kind: "function", run });
    const heard = await runnerOf({ asks: means(asks), fails: means(fails) });
    heard.runner.start("asks", "asks", {});
    await heard.until("asks", "locked");
    heard.runner.answer("asks", "lock-1", "yes");
    expect(await heard.end("asks")).toMatchObject({ result: { answered: "yes" } });
    expect(await heard.run("fails")).toMatchObject({ code: "failed", message: "no" });
  });
});
