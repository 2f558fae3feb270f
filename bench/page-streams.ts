import { fork } from "node:child_process";
import { get, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { SseParser } from "../client/event-stream.ts";
import { latencyOf } from "./measure.ts";

const READERS = 500;
const DEAF = 100;
const EVENTS = 1_000;

/**
 * From publishing a message until the first event of it is read: by one reader alone, and among many.
 * @param messageOf the first message of an entity, as `POST /api/v1/events` takes it
 */
export async function streamLatency(
  url: string,
  messageOf: (id: string) => object,
): Promise<Readonly<Record<string, number>>> {
  const judge = await follow(url);
  const calm = latencyOf(await measure(url, messageOf, judge, "calm"));
  const crowd = fork(new URL("page-crowd.ts", import.meta.url), [url, String(READERS - 1), String(DEAF)]);
  await new Promise<void>((resolve, reject) => {
    crowd.once("message", () => resolve());
    crowd.once("exit", (code) =>
      reject(new Error(`the crowd of readers ended with ${code} before all had their stream`)),
    );
  });
  const crowded = latencyOf(await measure(url, messageOf, judge, "crowd"));
  crowd.kill();
  judge.close();
  return {
    readers: READERS,
    deaf: DEAF,
    calm_p50_ms: calm.p50,
    calm_p99_ms: calm.p99,
    crowd_p50_ms: crowded.p50,
    crowd_p99_ms: crowded.p99,
    ratio_p99: Math.round((crowded.p99 / calm.p99) * 100) / 100,
  };
}

async function measure(
  url: string,
  messageOf: (id: string) => object,
  judge: Judge,
  name: string,
): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let count = 0; count < EVENTS; count++) {
    const id = `${name}-${count}`;
    const startedMs = performance.now();
    const seen = judge.event(id);
    const body = JSON.stringify(messageOf(id));
    await fetch(`${url}/api/v1/events`, { method: "POST", headers: { "content-type": "application/json" }, body });
    samples.push((await seen) - startedMs);
    await sleep(10);
  }
  return samples;
}

interface Judge {
  /** When the first event of this entity came. */
  event(entityId: string): Promise<number>;
  close(): void;
}

async function follow(url: string): Promise<Judge> {
  const waiting = new Map<string, (atMs: number) => void>();
  const response = await openStream(url);
  const reader = new SseParser((_id, data) => {
    if (data === "") return;
    const { payload } = JSON.parse(data) as { payload: { entity_id: string } };
    waiting.get(payload.entity_id)?.(performance.now());
    waiting.delete(payload.entity_id);
  });
  response.setEncoding("utf8").on("data", (text: string) => reader.push(text));
  return {
    event: (entityId) => new Promise((resolve) => waiting.set(entityId, resolve)),
    close: () => response.destroy(),
  };
}

export const openStream = (url: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const request = get(`${url}/api/v1/events/stream`, { agent: false }, (response) => {
      response.on("error", () => {});
      if (response.statusCode === 200) return resolve(response);
      reject(new Error(`a stream is answered ${response.statusCode}`));
    });
    request.on("error", reject);
  });
