import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { PostgresNotices } from "../../runtime/adapters/postgres/postgres-notices.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";
import { Followers } from "../../runtime/shell/follow/followers.ts";
import { JournalReader } from "../../runtime/shell/follow/journal-reader.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { startPgbouncer } from "../real/services/pgbouncer.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { shippedDomain } from "../registration/shipped-domain.ts";
import { contractsCopy, deadlinesOf } from "./registration/contracts-copy.ts";
import { RealWorld } from "./registration/real-world.ts";
import { getJson } from "./world.ts";

/** In each of the two processes. */
const FOLLOWERS = 250;
const AT_ONCE = 25;
const PARTITIONS = 4;
const TEST_MS = 180_000;
/** The owner has committed so many turns, and told nobody of the last one. */
const DIES = "C4:exit:30";
const SESSION = { KAFKA_SESSION_TIMEOUT_MS: "6000" };

interface Answer {
  readonly status: number;
  readonly state: unknown;
}

/** Follows messages as a process does that owns no partition. */
function openFollowers(url: string, listenUrl: string) {
  const clock = new SystemClock();
  const store = new PostgresStore({ url, connectTimeoutMs: 30_000 });
  const notices = new PostgresNotices({ sql: store, listenUrl, clock, process: randomUUID() });
  const reader = new JournalReader({ domain: "registration", store, clock, notices });
  const parts = { store, clock, reader, domain: () => shippedDomain, partitionCount: () => PARTITIONS };
  const followers = new Followers(parts);
  const close = async (): Promise<void> => {
    followers.close();
    reader.close();
    await notices.close();
    await store.close();
  };
  return { followers, close };
}

/** The lines of the steps of a message's attempt, as the follower got them, and how it ended. */
async function attemptOf(
  world: RealWorld,
  followers: Followers,
  node_id: string,
): Promise<readonly (number | string)[]> {
  const messageId = randomUUID();
  const told = await followers.follow({
    ...{ entityId: node_id, messageId, reading: "attempt", signal: AbortSignal.timeout(TEST_MS) },
    publish: async () => {
      await world.publish("NodeIntrospectionEvent", { node_id, node_type: "effect" }, { messageId });
      return undefined;
    },
  });
  const heard: (number | string)[] = [];
  for await (const item of told) {
    if (item.kind === "step") heard.push(item.line.seq);
    else heard.push(item.kind === "end" ? item.reason : item.kind);
  }
  return heard;
}

async function waitOverHttp(url: string, node_id: string): Promise<Answer> {
  const response = await fetch(`${url}/api/v1/events?wait=active&timeout=60s`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ payload_type: "NodeIntrospectionEvent", payload: { node_id, node_type: "effect" } }),
  });
  const body = (await response.json()) as Readonly<Record<string, unknown>>;
  return { status: response.status, state: body["state"] };
}

/** A few at a time, so that they are of many turns. */
async function spread<Result>(work: (nth: number) => Promise<Result>): Promise<readonly Result[]> {
  const all: Promise<Result>[] = [];
  for (let nth = 0; nth < FOLLOWERS; nth++) {
    if (nth % AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve, 150));
    all.push(work(nth));
  }
  return Promise.all(all);
}

const troublesOf = async (url: string): Promise<readonly string[]> => {
  const ready = await getJson<{ troubles: readonly { code: string }[] }>(`${url}/health/ready`);
  return (ready?.troubles ?? []).map(({ code }) => code);
};

describeReal("followers in two processes", (services) => {
  it.for(["with LISTEN", "behind a pooler in transaction mode"])(
    `all get their answer, once and whole, though the owner dies between a commit and its NOTIFY: %s`,
    { timeout: TEST_MS },
    async (how, { skip }) => {
      // The attempt of a node that never answers ends by itself.
      const contracts = contractsCopy(...deadlinesOf("3s", "10m"));
      const world = await RealWorld.create(services, {
        contractsDir: contracts.dir,
        environment: SESSION,
        first: { ROLLCALL_FAILPOINT: DIES },
      });
      const url = String(world.environment["DATABASE_URL"]);
      const pooler = how === "with LISTEN" ? undefined : await startPgbouncer(url);
      const listenUrl = pooler?.url ?? url;
      const own = openFollowers(url, listenUrl);
      try {
        if (how !== "with LISTEN" && !pooler) skip("no pgbouncer");
        const survivor = await world.start({ DATABASE_LISTEN_URL: listenUrl });
        const owned = async () =>
          (await getJson<{ parts: { partitions: { owned: number } } }>(`${survivor.url}/health/ready`))?.parts
            .partitions;
        await waitUntil(async () => expect(await owned()).toMatchObject({ owned: PARTITIONS / 2 }), {
          what: "both processes with their share",
          timeoutMs: 60_000,
        });
        const [first] = world.programs;
        const [heard, answers] = await Promise.all([
          spread((nth) => attemptOf(world, own.followers, `kafka-${nth}`)),
          spread((nth) => waitOverHttp(survivor.url, `http-${nth}`)),
        ]);
        expect(await first?.ended).toMatchObject({ signal: "SIGKILL" });
        expect(answers).toEqual(answers.map(() => ({ status: 200, state: "ACK_TIMED_OUT" })));
        const lines = await world.query<{ node: string; seqs: readonly string[] }>(
          `select entity_id as node, array_agg(seq order by seq) as seqs from rollcall.journal
            where kind = 'message' and entity_id like 'kafka-%' group by entity_id`,
        );
        const written = new Map(lines.map(({ node, seqs }) => [node, seqs.map(Number)]));
        heard.forEach((each, nth) => expect(each).toEqual([...(written.get(`kafka-${nth}`) ?? []), "complete"]));
        if (pooler)
          await waitUntil(async () => expect(await troublesOf(survivor.url)).toContain("NOTICES_UNHEARD"), {
            what: "the trouble",
            timeoutMs: 60_000,
          });
        else expect(await troublesOf(survivor.url)).toEqual([]);
      } finally {
        await own.close();
        await pooler?.stop();
        await world.close();
        contracts.remove();
      }
    },
  );
});
