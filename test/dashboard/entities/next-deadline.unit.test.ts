import { expect, it } from "vitest";
import { nextDeadline } from "../../../dashboard/entities/next-deadline.ts";

const at = (second: number): string => new Date(second * 1_000).toISOString();

it("the next deadline of an entity is the earliest one", () => {
  const deadlines = { late: { at: at(90), renewed_at: null }, ack: { at: at(30), renewed_at: null } };
  expect(nextDeadline({ deadlines }, 10_000)).toEqual({ name: "ack", leftMs: 20_000 });
  expect(nextDeadline({ deadlines: {} }, 0)).toBeUndefined();
});
