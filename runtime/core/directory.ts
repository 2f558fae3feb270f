import { z } from "zod";
import { row, type RowEntity, type RowFunction } from "./projection.ts";

/** What a projection is called whose rows are the domain's part of the directory. */
export const DIRECTORY = "directory";
/** Its first column, which has the entity's id. */
export const DIRECTORY_KEY = "id";
/** By what it is looked through. */
export const DIRECTORY_INDEX = { name: "btree", kind: "btree", status: "btree", labels: "gin" } as const;

/** What there is to be found of any domain. */
export const DirectoryShape = z.object({
  /** For people; two may have the same. */
  name: z.string(),
  /** What it is, in the domain's words. */
  kind: z.string(),
  /** Where it is reached: URLs, or host and port. */
  endpoints: z.array(z.string()),
  labels: z.array(z.string()),
  /** How it is, in the domain's words. */
  status: z.string(),
  /** Since when it is so. */
  since: z.iso.datetime(),
});
export type DirectoryRow = z.infer<typeof DirectoryShape>;

/** For `row:` of the projection `directory`: the entity's entry, or null when it has none. Pure and synchronous. */
export const directoryRow = <Data>(declared: {
  /** The contract's `version`: raised with every change of what the entries are. */
  readonly version: number;
  readonly of: (entity: RowEntity<Data>) => DirectoryRow | null;
}): RowFunction => row({ ...declared, shape: DirectoryShape });
