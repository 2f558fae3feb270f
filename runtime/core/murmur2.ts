const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const encoder = new TextEncoder();

/** The hash of Kafka's default partitioner (org.apache.kafka.common.utils.Utils). */
function murmur2(key: Uint8Array): number {
  const length = key.length;
  let hash = SEED ^ length;
  const words = length >> 2;
  for (let word = 0; word < words; word++) {
    const at = word << 2;
    let k = (key[at] ?? 0) | ((key[at + 1] ?? 0) << 8) | ((key[at + 2] ?? 0) << 16) | ((key[at + 3] ?? 0) << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    k = Math.imul(k, M);
    hash = Math.imul(hash, M) ^ k;
  }
  const rest = words << 2;
  for (let at = rest; at < length; at++) hash ^= (key[at] ?? 0) << (8 * (at - rest));
  if (rest < length) hash = Math.imul(hash, M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ (hash >>> 15);
}

/** The partition that an entity belongs to: Kafka's default partitioner on its id in UTF-8. */
export const partitionOf = (entityId: string, partitions: number): number =>
  (murmur2(encoder.encode(entityId)) & 0x7fffffff) % partitions;
