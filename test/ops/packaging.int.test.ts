import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CONFIG_SCHEMA } from "../../app/host/config.ts";
import { dockerAddresses } from "../real/services/docker.ts";
import { filesIn, ROOT } from "../tidy/sources.ts";

interface Service {
  readonly build?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
}
interface Values {
  readonly config: object;
  readonly secrets: object;
  readonly service: { readonly port: number };
}

const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const dockerfile = text("Dockerfile").replaceAll("\\\n", "");
const [, finalStage = ""] = dockerfile.split(/^(?=FROM node:20-slim$)/m);
const unit = text("ops/systemd/rollcall.service");
const chart = ["", "templates"].flatMap((folder) => filesIn(join("ops/helm/rollcall", folder), ".yaml"));
const templates = chart
  .filter(({ path }) => path.includes("templates/"))
  .map((file) => file.text)
  .join("\n");
const values = parse(text("ops/helm/rollcall/values.yaml")) as Values;
const { services } = parse(text("docker-compose.yml"), { merge: true }) as { services: Record<string, Service> };
const processes = Object.entries(services).filter(([, { build }]) => build !== undefined);

const settings = Object.entries(CONFIG_SCHEMA.shape);
const secrets = settings.filter(([, { description }]) => description?.endsWith("(secret)")).map(([name]) => name);
const known = [...settings.map(([name]) => name), ...secrets.map((name) => `${name}_FILE`)];
const named = (source: string): readonly string[] =>
  [...source.matchAll(/\b(?:ROLLCALL|KAFKA|DATABASE|CONSUL|NODE)_[A-Z_]+[A-Z]\b/g)].map(([name]) => name);

describe("the image", () => {
  const letIn = [...text(".dockerignore").matchAll(/^!(.+)$/gm)].map(([, path = ""]) => path);
  const lacks = (path: string): boolean => !letIn.some((each) => path === each || path.startsWith(`${each}/`));
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)]
    .flatMap(([, paths = ""]) => paths.split(" "))
    .filter((path) => path !== ".");

  it("copies files that exist and that .dockerignore includes", () => {
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(copied.filter(lacks)).toEqual([]);
  });

  it("is built of every file that the package is made of", () => {
    const { metafile } = buildSync({
      absWorkingDir: ROOT,
      entryPoints: ["app/rollcall.ts", "app/index.ts", "client/index.ts", "client/kafka.ts"],
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      outdir: "dist",
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    const scripts = filesIn("ops/build", ".mjs").map(({ path }) => path);
    expect(Object.keys(metafile.inputs).filter(lacks)).toEqual([]);
    expect([...scripts, "ops/build/tsconfig.json", "tsconfig.json", "dashboard", "schemas"].filter(lacks)).toEqual([]);
  });

  it("runs the built program, with its own Node flags", () => {
    expect(finalStage).toContain("COPY --from=build /rollcall/dist dist\n");
    const flags = /^#!.* -S node (.+)$/m.exec(text("app/rollcall.ts"))?.[1]?.split(" ");
    const command = ["node", ...(flags ?? []), "dist/app/rollcall.js", "start"];
    expect(JSON.parse(/^CMD (.+)$/m.exec(finalStage)?.[1] ?? "[]")).toEqual(command);
    expect(templates).toContain(`args: ${JSON.stringify(command).slice(0, -1).replaceAll(",", ", ")}`);
    expect(unit).toContain(`ExecStart=/usr/bin/${command.join(" ")}\n`);
  });
});

describe("environment variables exist", () => {
  it.each([
    ["in the Dockerfile", dockerfile],
    ["in the systemd unit", unit],
    ["in the chart", chart.map((file) => file.text).join("\n")],
    ["in the chart's schema", text("ops/helm/rollcall/values.schema.json")],
  ])("%s", (_, source) => {
    expect(named(source)).not.toEqual([]);
    expect(named(source).filter((name) => !known.includes(name))).toEqual([]);
  });

  it.each(processes)("in %s of docker-compose.yml", (_, { environment = {} }) =>
    expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]),
  );

  it("in the chart's values: secrets as files", () => {
    expect(Object.keys(values.secrets).filter((name) => !secrets.includes(name))).toEqual([]);
    expect(Object.keys(values.config).filter((name) => secrets.includes(name))).toEqual([]);
  });
});

describe("docker-compose.yml", () => {
  it("publishes the ports that the tests on Docker use", () => {
    const { kafka, database, consul, kafkaProxied } = dockerAddresses;
    const published = (name: string): readonly string[] => services[name]?.ports ?? [];
    expect(published("kafka")).toEqual([`${kafka}:9092`, `127.0.0.1:${kafkaProxied.target}:9095`]);
    expect(published("postgres")).toEqual([`${new URL(database).host}:5432`]);
    expect(published("consul")).toEqual([`${new URL(consul).host}:8500`]);
  });

  it("mounts files that exist", () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(":")[0] ?? ""),
    );
    expect(mounted).not.toEqual([]);
    expect(mounted.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe("everything that runs Rollcall", () => {
  it("uses the same port", () => {
    const port = /ROLLCALL_HTTP_PORT=(\d+)/.exec(finalStage)?.[1];
    expect(/^EXPOSE (\d+)$/m.exec(finalStage)?.[1]).toBe(port);
    expect(/containerPort: (\d+)/.exec(templates)?.[1]).toBe(port);
    for (const [, { ports = [] }] of processes) for (const each of ports) expect(each.split(":").at(-1)).toBe(port);
  });

  it("probes routes that exist", () => {
    const routes = [...text("docs/guide/security.md").matchAll(/^\| `GET (\S+)` \|/gm)].map(([, path]) => path);
    const asked = [...`${dockerfile}${templates}`.matchAll(/\/(?:health|metrics)[a-z/]*/g)].map(([path]) => path);
    expect(asked).toEqual(expect.arrayContaining(["/health/live", "/health/ready", "/metrics"]));
    expect(asked.filter((path) => !routes.includes(path))).toEqual([]);
  });

  it("allows more time to stop than draining takes", () => {
    const drainSeconds = Number(/^const STOP_MS = (\d+)_000;$/m.exec(text("app/commands/start.ts"))?.[1]);
    const waits = [
      /terminationGracePeriodSeconds: (\d+)/.exec(templates)?.[1],
      /^TimeoutStopSec=(\d+)s$/m.exec(unit)?.[1],
      ...processes.map(([, process]) => process.stop_grace_period?.replace("s", "")),
    ];
    for (const seconds of waits) expect(Number(seconds)).toBeGreaterThan(drainSeconds);
  });

  it("has this version", () => {
    const { version } = JSON.parse(text("package.json")) as { version: string };
    expect(parse(text("ops/helm/rollcall/Chart.yaml"))).toMatchObject({ version, appVersion: version });
  });
});
