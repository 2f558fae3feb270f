import { expect } from "vitest";
import type { RealWorld } from "../../../blackbox/registration/real-world.ts";

/** A point at which the process is killed, as by kill -9, while it processes nodes and poison. */
interface Point {
  readonly where: string;
  /** Checks by store, topics and Consul that the process died at this point and nowhere else. */
  left(world: RealWorld): Promise<void>;
}

/** Those that a next owner finds behind `pending_seq`: none has a row, since nothing has failed. */
const OPEN_INTENTS = `rollcall.journal j join rollcall.partition_owner o using (domain, partition)
  where j.kind = 'intent' and j.seq >= o.pending_seq and not exists (select from rollcall.intent)`;
const count = async (world: RealWorld, from: string): Promise<number> =>
  (await world.query<{ count: number }>(`select count(*)::int as count from ${from}`))[0]?.count ?? 0;
const published = async (world: RealWorld): Promise<number> => (await world.records()).length;

/** Points of docs/reliability.md that every registration passes. */
export const POINTS: Readonly<Record<string, Point>> = {
  C1: {
    where: "after receiving, before the transaction",
    left: async (world) => expect(await count(world, "rollcall.journal")).toBe(0),
  },
  C2: {
    where: "inside the transaction",
    left: async (world) => expect(await count(world, "rollcall.journal")).toBe(0),
  },
  C3: {
    where: "when the commit was sent and its answer is lost",
    // The server may or may not have it.
    left: async (world) => expect(await published(world)).toBe(0),
  },
  C4: {
    where: "after the commit, before the bus knows the offset",
    async left(world) {
      expect(await count(world, "rollcall.source_offset")).toBeGreaterThan(0);
      expect(await world.groupOffsets()).toEqual([]);
    },
  },
  C5: {
    where: "after the commit, before the publish",
    async left(world) {
      expect(await count(world, "rollcall.journal where topic is not null")).toBeGreaterThan(0);
      expect(await published(world)).toBe(0);
    },
  },
  C6: {
    where: "after the publish, before the cursor is stored",
    async left(world) {
      expect(await published(world)).toBeGreaterThan(0);
      expect(await count(world, "rollcall.partition_owner where published_seq > 0")).toBe(0);
    },
  },
  C8: {
    where: "when intents are durable and no effect has begun",
    async left(world) {
      expect(await count(world, OPEN_INTENTS)).toBeGreaterThan(0);
      expect(await world.rowsAtTheEnd()).toEqual([]);
      expect(await world.services()).toEqual([]);
    },
  },
  C9: {
    where: "when one effect is done and its outcome is not stored",
    async left(world) {
      expect(await count(world, OPEN_INTENTS)).toBeGreaterThan(0);
      expect([...(await world.rowsAtTheEnd()), ...(await world.services())].length).toBeGreaterThan(0);
      expect(await count(world, "rollcall.entity where reducer_state <> 'pending'")).toBe(0);
    },
  },
  C12: {
    where: "while a message is dead-lettered",
    async left(world) {
      expect(await count(world, "rollcall.dead_letter")).toBe(0);
      expect(world.deadLetters()).toEqual([]);
    },
  },
};
