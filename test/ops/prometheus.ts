import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { freePorts } from "../real/services/free-ports.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { ROOT } from "../tidy/sources.ts";

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}
interface SampleConfig {
  global: object;
  rule_files: readonly string[];
  scrape_configs: readonly {
    job_name: string;
    static_configs: readonly object[];
    authorization?: { credentials_file: string };
  }[];
}
/** Of ops/prometheus: the others are for the first's `scrape_config_files`. */
const SAMPLES = ["prometheus.yaml", "node-registry.yaml", "flow-nodes.yaml"];

/** A real Prometheus on loopback, configured by the samples: other targets, another token, shorter intervals. */
export class Prometheus {
  readonly #url: string;
  readonly #stop: () => Promise<void>;

  private constructor(url: string, stop: () => Promise<void>) {
    this.#url = url;
    this.#stop = stop;
  }

  /** @param targets `host:port` by job; jobs without one are left out */
  static async start(directory: string, targets: Readonly<Record<string, string>>, token: string): Promise<Prometheus> {
    const configs = SAMPLES.map(
      (name) => parse(readFileSync(join(ROOT, "ops/prometheus", name), "utf8")) as Partial<SampleConfig>,
    );
    const jobs = configs.flatMap((config) => config.scrape_configs ?? []).filter(({ job_name }) => targets[job_name]);
    const tokenFile = join(directory, "token");
    writeFileSync(tokenFile, token);
    writeFileSync(
      join(directory, "prometheus.yaml"),
      stringify({
        global: { scrape_interval: "500ms", scrape_timeout: "500ms", evaluation_interval: "500ms" },
        rule_files: configs.flatMap(({ rule_files = [] }) =>
          rule_files.map((file) => join(ROOT, "ops/prometheus", file)),
        ),
        scrape_configs: jobs.map((job) => ({
          ...job,
          ...(job.authorization && { authorization: { credentials_file: tokenFile } }),
          static_configs: [{ targets: [targets[job.job_name]] }],
        })),
      }),
    );
    const { web } = await freePorts(["web"]);
    const child = spawn(
      "prometheus",
      [
        `--config.file=${join(directory, "prometheus.yaml")}`,
        `--storage.tsdb.path=${join(directory, "series")}`,
        `--web.listen-address=127.0.0.1:${web}`,
      ],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
    const ended = once(child, "exit");
    const url = `http://127.0.0.1:${web}`;
    const started = new Prometheus(url, async () => {
      child.kill("SIGTERM");
      await ended;
    });
    await waitUntil(() => started.query("vector(1)"), {
      what: "Prometheus",
      timeoutMs: 30_000,
      hopeless: () => (child.exitCode === null ? undefined : said),
    });
    return started;
  }

  /** @throws Error with Prometheus' message for an invalid expression */
  async query(expr: string): Promise<readonly Series[]> {
    const { result } = await this.#ask<{ result: readonly Series[] }>(`query?query=${encodeURIComponent(expr)}`);
    return result;
  }

  rules(): Promise<{ groups: readonly { rules: readonly { name: string; health: string; state: string }[] }[] }> {
    return this.#ask("rules");
  }

  stop(): Promise<void> {
    return this.#stop();
  }

  async #ask<Answer>(path: string): Promise<Answer> {
    const response = await fetch(`${this.#url}/api/v1/${path}`, { signal: AbortSignal.timeout(10_000) });
    const { status, data, error } = (await response.json()) as { status: string; data: Answer; error?: string };
    if (status !== "success") throw new Error(error);
    return data;
  }
}
