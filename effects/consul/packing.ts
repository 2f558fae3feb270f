import { OPERATIONS_MAX } from "./transaction.ts";

/** The operations of one service, as JSON joined by commas. */
export interface PackableWrite {
  readonly json: string;
  readonly operationCount: number;
}

/** One operation of each transaction is the node's. */
const WRITE_OPERATIONS_MAX = OPERATIONS_MAX - 1;
/** A transaction is at most 256 KiB, half of Consul's limit; 4 KiB of them are for the node's operation. */
export const TRANSACTION_BYTES_MAX = 252 * 1024;

export function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  const groups: Item[][] = [];
  for (let start = 0; start < items.length; start += size) groups.push(items.slice(start, start + size));
  return groups;
}

/** As few transactions as the limits of one allow. */
export function packIntoTransactions<Item extends PackableWrite>(writes: readonly Item[]): Item[][] {
  const groups: Item[][] = [];
  let bytes = 0;
  let count = 0;
  for (const write of writes) {
    const more = Buffer.byteLength(write.json) + 1;
    bytes += more;
    count += write.operationCount;
    const last = groups.at(-1);
    if (last !== undefined && count <= WRITE_OPERATIONS_MAX && bytes <= TRANSACTION_BYTES_MAX) {
      last.push(write);
    } else {
      groups.push([write]);
      bytes = more;
      count = write.operationCount;
    }
  }
  return groups;
}
