import { createRequire } from "node:module";
import type { Assigner, Message } from "kafkajs";
import { encodeProduce, produceVersionMin, type EncodedRequest, type ProduceRequest } from "./produce-request.ts";

/**
 * Changes to kafkajs' internals. This is its last release, and its interface offers no way around what is changed here;
 * so this file relies on the sources of exactly one version and refuses any other.
 */
export const kafkajsVersion = "2.2.4";

/** kafkajs' ConsumerGroup: one for each run of a consumer. */
export interface GroupMembership {
  readonly groupId: string;
  /** Null before the first join and after leaving. */
  memberId: string | null;
  readonly generationId: number | null;
  readonly coordinator: {
    heartbeat(request: { groupId: string; memberId: string; groupGenerationId: number }): Promise<unknown>;
  };
  /** When the last heartbeat succeeded, ms since the epoch; the next one is due an interval later. */
  lastRequest: number;
}

/** An assigner that is called whenever its consumer is about to join its group. */
export interface JoiningAssigner extends Assigner {
  onJoining(membership: GroupMembership): void;
}

interface ConsumerGroup extends GroupMembership {
  readonly assigners: readonly (Assigner & Partial<JoiningAssigner>)[];
  joinAndSync(): Promise<void>;
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

interface Decoder {
  readVarIntArray(read: unknown): unknown;
}

interface ProduceVersions {
  protocol(wanted: { readonly version: number }): (wanted: ProduceRequest) => {
    readonly request: { encode(): Promise<EncodedRequest> };
    readonly response: unknown;
  };
}

interface Encoder {
  buf: Buffer;
  readonly offset: number;
  ensureAvailable(length: number): void;
}

interface ConnectionPool {
  readonly socketFactory: object;
  send(call: MetadataCall): Promise<unknown>;
}
interface MetadataCall {
  readonly request: { readonly apiName: string; encode(): Promise<Encoder> };
  readonly logResponseError?: boolean;
}

/** By these our own clients are known: a module of the process may use kafkajs as it is. */
export const ownSocketFactories = new WeakSet<object>();

const nothing = Buffer.alloc(0);
const largeBytes = 16 * 1024;

const load = createRequire(import.meta.url);
let isPatched = false;

/** Idempotent. Throws when another version of kafkajs is installed. */
export function patchKafkajs(): void {
  if (isPatched) return;
  const { version } = load("kafkajs/package.json") as { version: string };
  if (version !== kafkajsVersion)
    throw new Error(`kafkajs ${version} is installed, the adapter knows ${kafkajsVersion}`);
  exposeGroupMembership();
  askForWantedTopics();
  stopIdleTimer();
  encodeProduceInOnePass();
  decodeHeadersInOnePass();
  growEncoderExactly();
  isPatched = true;
}

/**
 * kafkajs offers no way to send a heartbeat, and its GROUP_JOIN event lacks the generation: without the membership a
 * takeover would wait for the next heartbeat, up to a whole interval.
 */
function exposeGroupMembership(): void {
  const { prototype } = load("kafkajs/src/consumer/consumerGroup.js") as { prototype: ConsumerGroup };
  const joinAndSync = prototype.joinAndSync;
  prototype.joinAndSync = function (this: ConsumerGroup) {
    for (const assigner of this.assigners) assigner.onJoining?.(this);
    return joinAndSync.call(this);
  };
}

/**
 * kafkajs asks for every topic of the cluster when it wants none, as for the brokers' addresses, and fails when one of
 * them has no leader: somebody's topic without a leader would stop every process from starting.
 */
function askForWantedTopics(): void {
  const { prototype } = load("kafkajs/src/network/connectionPool.js") as { prototype: ConnectionPool };
  const send = prototype.send;
  prototype.send = function (this: ConnectionPool, call) {
    const { request } = call;
    if (request.apiName !== "Metadata" || !ownSocketFactories.has(this.socketFactory)) return send.call(this, call);
    const encode = async (): Promise<Encoder> => {
      const encoded = await request.encode();
      // The number of topics: -1 stands for all.
      if (encoded.buf.readInt32BE(0) === -1) encoded.buf.writeInt32BE(0, 0);
      return encoded;
    };
    // Whoever asked has the error, and most often it is expected: a topic that does not exist yet.
    return send.call(this, { ...call, request: { ...request, encode }, logResponseError: false });
  };
}

/**
 * Stops the timer while no request is pending. Its delay is negative when nothing is throttled, so it fires every
 * millisecond: 4 to 6 % of a core on an idle connection.
 */
function stopIdleTimer(): void {
  const { prototype } = load("kafkajs/src/network/requestQueue/index.js") as { prototype: RequestQueue };
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length === 0 && this.throttledUntil <= Date.now()) return;
    schedule.call(this);
  };
}

/**
 * kafkajs reduces a record's headers to an object that it copies for each header: a record with 5,000 of them (24 KB)
 * took 16 s of CPU at every delivery. Nothing else reads such arrays. Of a repeated header the last value is kept, as
 * the port says, and null counts as empty.
 */
function decodeHeadersInOnePass(): void {
  const { prototype } = load("kafkajs/src/protocol/decoder.js") as { prototype: Decoder };
  const readArray = prototype.readVarIntArray as (read: unknown) => { key: string; value: Buffer | null }[];
  prototype.readVarIntArray = function (this: Decoder, read) {
    const headers = Object.fromEntries(readArray.call(this, read).map(({ key, value }) => [key, value ?? nothing]));
    return { reduce: () => headers };
  };
}

/**
 * Prepares messages, all with a partition, for a send. kafkajs groups them by a reduce that copies a partition's list
 * for each message: a twentieth of all memory that a loaded process allocates.
 */
export function withOnePassGrouping(messages: Message[]): Message[] {
  const reduce = (): Record<number, Message[]> => {
    const groups: Record<number, Message[]> = {};
    for (const message of messages) (groups[message.partition ?? 0] ??= []).push(message);
    return groups;
  };
  return Object.defineProperty(messages, "reduce", { value: reduce });
}

/**
 * kafkajs' own encoding, checksum included, takes 28 of the 34 ms of CPU for publishing 1,000 events with 12 headers
 * each.
 */
function encodeProduceInOnePass(): void {
  const versions = load("kafkajs/src/protocol/requests/produce/index.js") as ProduceVersions;
  const protocol = versions.protocol;
  versions.protocol = ({ version }) => {
    const original = protocol({ version });
    if (version < produceVersionMin) return original;
    return (wanted) => {
      const { request, response } = original(wanted);
      const encode = async () => encodeProduce(wanted) ?? (await request.encode());
      return { request: { ...request, encode }, response };
    };
  };
}

/** The offset that a fetch asked for. The first record may be after it: compaction and transactions leave gaps. */
export function fetchedOffsetOf(batch: object): number {
  return Number((batch as { readonly fetchedOffset: string }).fetchedOffset);
}

/**
 * kafkajs' encoder allocates a zeroed buffer of the next power of two, twice for each request. It is most of the memory
 * outside of the heap, which makes V8 collect garbage early.
 */
function growEncoderExactly(): void {
  const { prototype } = load("kafkajs/src/protocol/encoder.js") as { prototype: Encoder };
  const ensureAvailable = prototype.ensureAvailable;
  prototype.ensureAvailable = function (this: Encoder, length) {
    if (length < largeBytes) return ensureAvailable.call(this, length);
    if (this.offset + length <= this.buf.length) return;
    const grown = Buffer.allocUnsafeSlow(this.offset + length);
    this.buf.copy(grown, 0, 0, this.offset);
    this.buf = grown;
  };
}
