import type { DomainCode } from "../../core/domain.ts";
import type { RowFunction, RowKind } from "../../core/projection.ts";
import type { ComputeContract, ProjectionEntry } from "../language/schema-compute.ts";
import {
  childRef,
  itemsWithRefs,
  keyRef,
  type LoadedContract,
  type SourceRef,
  sourceRef,
} from "../reading/contract-source.ts";
import type { EventRef, NameRef } from "./model-parts.ts";
import { type EventReader, knownName, type NameLookup, type NameResolver } from "./name-resolver.ts";

/** A projection of a domain. Durations are texts as in the contract. */
export type ProjectionModel = ReturnType<typeof readProjections>[number];

interface Lookups {
  readonly names: NameResolver;
  readonly event: EventReader;
  readonly deadline: NameLookup;
}

export function readProjections(
  source: LoadedContract<ComputeContract>,
  { rows = {} }: Pick<DomainCode, "rows">,
  { names, event, deadline }: Lookups,
) {
  const inCode = { kind: "row function", candidates: Object.keys(rows), where: "in code" };
  return source.contract.projections.map((entry, index) => {
    const at = sourceRef(source, "projections", index);
    const { kind, written, path } = functionOf(entry);
    const functionAt = childRef(at, ...path);
    // One that names none is reported by the loader.
    const name =
      written === "" ? { ...knownName("", functionAt), unknown: true } : names.resolve(written, functionAt, inCode);
    const entries = <Value>(key: string, values: Readonly<Record<string, Value>> = {}) =>
      Object.entries(values).map(([column, value]) => ({
        ...{ column, value, at: keyRef(source, "projections", index, key, column) },
        valueAt: childRef(at, key, column),
      }));
    return {
      ...{ at, kind, name: entry.name, nameAt: childRef(at, "name") },
      ...{ version: entry.version, versionAt: childRef(at, "version") },
      /** The function in code; `code` where there is one of this kind. */
      function: name,
      code: fitting(rows, name, kind, entry.version),
      key: itemsWithRefs(entry.key, childRef(at, "key")),
      index: entries("index", entry.index),
      live: entries("live", entry.live).map(({ value, valueAt, ...column }) => ({
        ...{ ...column, isRenewal: value.startsWith("renewed(") },
        deadline: deadlineOf(value, valueAt, names, deadline),
      })),
      log: entry.log && {
        of: entry.log.of.map((type, i): EventRef => event(type, childRef(at, "log", "of", i))),
        ...{ atMost: entry.log.at_most, keep: entry.log.keep },
      },
    };
  });
}

function functionOf({ row, rows, log }: ProjectionEntry): {
  readonly kind: RowKind;
  readonly written: string;
  readonly path: readonly string[];
} {
  if (row !== undefined) return { kind: "row", written: row, path: ["row"] };
  if (rows !== undefined) return { kind: "rows", written: rows, path: ["rows"] };
  return { kind: "log", written: log?.row ?? "", path: ["log", "row"] };
}

/** Of several versions the contract's; where the code lacks that, the last one, so that the difference can be told. */
function fitting(
  rows: NonNullable<DomainCode["rows"]>,
  { name }: NameRef,
  kind: RowKind,
  wanted: number,
): RowFunction | undefined {
  const found = versionsOf(rows, name).filter((each) => each.kind === kind);
  return found.find(({ version }) => version === wanted) ?? found.at(-1);
}

/** The functions that code has under a name, one for each version. */
export function versionsOf(rows: NonNullable<DomainCode["rows"]>, name: string): readonly RowFunction[] {
  const found = Object.hasOwn(rows, name) ? rows[name] : undefined;
  return found === undefined ? [] : [found].flat();
}

/** @param text `last_seen`, `deadline(name)` or `renewed(name)` @returns undefined: last_seen */
function deadlineOf(text: string, at: SourceRef, names: NameResolver, lookup: NameLookup): NameRef | undefined {
  const [, before = "", name] = /^([a-z]+\()(.*)\)$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return names.resolve(name, { ...at, range: { offset: before.length, length: name.length } }, lookup);
}
