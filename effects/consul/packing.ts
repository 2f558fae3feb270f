import { OPERATIONS_MAX } from "./transaction.ts";

/** The operations of one service, as JSON joined by commas. */
export interface Packable {
  readonly json: string;
}

/** The node's operation, then at most 31 services with their checks. */
const SERVICES_MAX = (OPERATIONS_MAX - 2) / 2;
/** A transaction is 256 KiB at most, half of what Consul takes; 4 KiB are for the node's operation. */
export const BYTES_MAX = 252 * 1024;

export function groupsOf<Item>(items: readonly Item[], size: number): Item[][] {
  const groups: Item[][] = [];
  for (let start = 0; start < items.length; start += size) groups.push(items.slice(start, start + size));
  return groups;
}

/** As few transactions as the limits of one allow. */
export function packed<Item extends Packable>(writes: readonly Item[]): Item[][] {
  const groups: Item[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const write of writes) {
    const more = Buffer.byteLength(write.json) + 1;
    const last = groups.at(-1);
    if (last === undefined || last.length === SERVICES_MAX || bytes + more > BYTES_MAX) {
      groups.push([write]);
      bytes = more;
    } else {
      last.push(write);
      bytes += more;
    }
  }
  return groups;
}
