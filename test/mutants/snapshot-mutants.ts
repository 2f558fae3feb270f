import type { Mutant } from "./mutants.ts";

const STREAM = "app/http/gateway/gateway-stream.ts";
const OPENING = "app/http/gateway/stream.ts";
const ROWS = "app/http/gateway/snapshots.ts";
const SNAPSHOTS = "test/gateway/snapshots.int";

/** Of streams that begin with what there is. */
export const SNAPSHOT_MUTANTS: readonly Mutant[] = [
  {
    defect: "a snapshot that is cut has a cursor to go on from",
    promise: "G16",
    file: STREAM,
    find: "return this.#isBeginning ? SNAPSHOT_CURSOR : this",
    replace: "return this.#isBeginning && this.#positions.length === 0 ? SNAPSHOT_CURSOR : this",
    tests: [SNAPSHOTS],
  },
  {
    defect: "a snapshot that was cut is not told again",
    promise: "G16",
    file: OPENING,
    find: "const beginsAnew = isCut || wants",
    replace: "const beginsAnew = wants",
    tests: [SNAPSHOTS],
  },
  {
    defect: "a snapshot is told to whoever has a cursor",
    promise: "G16",
    file: OPENING,
    find: "(cursor && !hasGap)",
    replace: "(cursor && !hasGap && domains.length === 0)",
    tests: [SNAPSHOTS],
  },
  {
    defect: "after a gap there is no snapshot",
    promise: "G16",
    file: OPENING,
    find: "(cursor && !hasGap)",
    replace: "cursor",
    tests: [SNAPSHOTS],
  },
  {
    defect: "a snapshot has rows that its reader has not asked for",
    promise: "G16",
    file: ROWS,
    find: "    ...narrowed(spec, select, query),\n",
    replace: "    ...narrowed(spec, select, {}),\n",
    tests: [SNAPSHOTS],
  },
  {
    defect: "a snapshot is written faster than it is read",
    promise: "G12",
    file: STREAM,
    find: 'join(""));\n      await this.#writer.drained();',
    replace: 'join(""));',
    tests: [SNAPSHOTS],
  },
  {
    defect: "any number of snapshots is written at once",
    promise: "G12",
    file: ROWS,
    find: "release: takeTurn(context, request) }",
    replace: "release: () => void takeTurn }",
    tests: [SNAPSHOTS],
  },
  {
    defect: "a snapshot that nobody reads any more keeps others waiting",
    promise: "G12",
    file: STREAM,
    find: "await this.#tell(snapshot).finally(snapshot.release)",
    replace: "await this.#tell(snapshot)",
    tests: [SNAPSHOTS],
  },
  {
    defect: "a stream begins with rows of what it does not follow",
    promise: "G16",
    file: "runtime/contract/checks/check-beginnings.ts",
    find: "if (!call.followed.some(",
    replace: "if (!call.selected && !call.followed.some(",
    tests: ["test/gateway/beginning-checks.unit"],
  },
];
