import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { RealWorld } from "../blackbox/registration/real-world.ts";
import { expectPromisesKept } from "../blackbox/registration/settled.ts";
import { TestNode } from "../blackbox/registration/test-node.ts";
import { describeReal } from "./services/describe-real.ts";
import { downloadsDir } from "./services/places.ts";
import { kafkaClasspath } from "./services/kafka-download.ts";
import { waitUntil } from "./services/wait-until.ts";

const EXAMPLES = fileURLToPath(new URL("../../examples", import.meta.url));
const VENV = join(downloadsDir, "examples-python");
const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const said = new Map<ChildProcess, string>();
/** Where Kafka runs natively its own libs are there; in Docker they are not. */
const kafkaJars = (): string | undefined => (existsSync(kafkaClasspath.slice(0, -2)) ? kafkaClasspath : undefined);

describeReal("a node in another language", (services) => {
  let world: RealWorld;

  beforeAll(async () => {
    world = await RealWorld.create(services);
  });
  afterAll(async () => {
    await expectPromisesKept(world);
    await world.close();
  });

  function run(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(program, args, {
      env: {
        ...process.env,
        KAFKA_BOOTSTRAP_SERVERS: services.kafka,
        TOPIC_PREFIX: world.topic("evt.any").replace(/\.evt\.any.*/, ""),
        ROLLCALL_URL: world.url,
        HEARTBEAT_SECONDS: "1",
      },
    });
    const hear = (chunk: Buffer): void => void said.set(child, (said.get(child) ?? "") + chunk.toString());
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    return child;
  }

  /** Becomes ACTIVE, sends a heartbeat that is accepted, and deregisters when it is stopped. */
  async function lives(id: string, child: ChildProcess, exitCode = 0): Promise<void> {
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    try {
      const node = new TestNode(world, id);
      const failed = ended.then((code) =>
        code === exitCode ? new Promise<never>(() => {}) : expect.fail(`it ended with ${code}: ${said.get(child)}`),
      );
      await Promise.race([node.until("NodeBecameActive"), failed]);
      const renewed = async (): Promise<unknown> => (await node.registration()).deadlines["liveness"]?.renewed_at;
      await waitUntil(async () => expect(await renewed()).toEqual(expect.any(String)), {
        what: `a heartbeat of ${id}`,
        timeoutMs: 45_000,
      });
      child.kill("SIGTERM");
      await node.until("NodeDeregistered");
      expect(await ended, said.get(child)).toBe(exitCode);
      expect(said.get(child)).toContain(`${id} is ACTIVE`);
    } finally {
      child.kill("SIGKILL");
    }
  }

  it.skipIf(!has("curl", "--version"))("in shell, with curl", { concurrent: true }, async () => {
    const child = run("bash", [join(EXAMPLES, "curl/node.sh"), "in-shell"]);
    await lives("in-shell", child);
  });

  it.skipIf(!has("python3", "-c", "import venv, ensurepip"))(
    "in Python, over Kafka",
    { concurrent: true },
    async () => {
      if (!existsSync(join(VENV, "done"))) {
        execFileSync("python3", ["-m", "venv", VENV]);
        execFileSync(join(VENV, "bin/pip"), ["install", "--quiet", "-r", join(EXAMPLES, "python/requirements.txt")]);
        execFileSync("touch", [join(VENV, "done")]);
      }
      const child = run(join(VENV, "bin/python"), [join(EXAMPLES, "python/node.py"), "in-python"]);
      await lives("in-python", child);
    },
  );

  it.skipIf(!has("java", "-version") || kafkaJars() === undefined)(
    "in Java, over Kafka",
    { concurrent: true },
    async () => {
      const child = run("java", ["-cp", kafkaJars() ?? "", join(EXAMPLES, "java/Node.java"), "in-java"]);
      // The exit code of a JVM that was signalled is 143, whatever it did before.
      await lives("in-java", child, 143);
    },
  );
});
