import type { ServiceAddresses } from "./service-addresses.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

export interface KafkaProxy extends TcpProxy {
  readonly bootstrapServers: string;
}

/**
 * A proxy that Kafka clients stay with: the broker has a listener that it advertises as this proxy's port. One at a
 * time; a second one waits until the first is closed.
 */
export async function kafkaProxyFor({ kafkaProxied }: Pick<ServiceAddresses, "kafkaProxied">): Promise<KafkaProxy> {
  const proxy = await startTcpProxy(kafkaProxied.target, kafkaProxied.listen);
  return { ...proxy, bootstrapServers: `127.0.0.1:${proxy.port}` };
}

const produceKey = 0;
const newestProduceVersion = 11;
const headerBytes = 14;

/** For `swallowNextReply`: a chunk that begins with a produce request, not with one for metadata or a heartbeat. */
export function isProduceRequest(chunk: Buffer): boolean {
  if (chunk.length < headerBytes) return false;
  const version = chunk.readInt16BE(6);
  return chunk.readInt16BE(4) === produceKey && version > 0 && version <= newestProduceVersion;
}
