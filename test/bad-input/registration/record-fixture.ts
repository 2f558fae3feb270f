import type { DecodeErrorCode } from "../../../runtime/core/incoming-json.ts";
import type { Group, Item } from "./items.ts";

/** The expected result. */
type Outcome =
  | { readonly dead: DecodeErrorCode }
  /** A good message, and why; `holds` is what its payload must have in its canonical form. */
  | { readonly taken: string; readonly holds?: object };

export interface RecordFixture<In extends Group = Group> {
  readonly group: In;
  readonly item: Item<In>;
  readonly name: string;
  readonly outcome: Outcome;
  /** The payload type whose topic it goes to; NodeIntrospectionEvent by default. */
  readonly type?: string;
  /** Of a node with this id, if it names one. */
  value(id: string): Buffer | string | null;
  /** The node's id by default. */
  readonly key?: Buffer | string | null;
  readonly headers?: Readonly<Record<string, Buffer | string>>;
  /** In another partition than its entity's. */
  readonly misplaced?: boolean;
  /** The producer's timestamp, ms since the epoch. */
  readonly timestampMs?: number;
}

type More = Omit<RecordFixture, "group" | "item" | "name" | "outcome" | "value">;
type Value = RecordFixture["value"];

/** Makes the fixtures of one group. */
export const fixturesOf = <In extends Group>(group: In) => ({
  dead: (item: Item<In>, name: string, code: DecodeErrorCode, value: Value, more: More = {}): RecordFixture<In> => ({
    ...{ group, item, name, value, outcome: { dead: code } },
    ...more,
  }),
  taken: (
    item: Item<In>,
    name: string,
    why: string,
    value: Value,
    { holds, ...more }: More & { readonly holds?: object } = {},
  ): RecordFixture<In> => ({
    ...{ group, item, name, value, outcome: { taken: why, ...(holds && { holds }) } },
    ...more,
  }),
});

export const introspection = (id: string, more: object = {}): object => ({ node_id: id, node_type: "effect", ...more });
/** An introspection as JSON. */
export const telling =
  (more: object = {}): Value =>
  (id) =>
    JSON.stringify(introspection(id, more));

/** Counts up: an id of its own for each use of a fixture. */
let count = 0;
export const freshId = (): string => `bad-${process.pid}-${++count}`;
