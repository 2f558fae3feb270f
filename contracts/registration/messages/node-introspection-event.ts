import { z } from "zod";
import { type Json, type Payload, message } from "../../../runtime/core/message.ts";
import { canonical } from "./canonical.ts";
import { EndpointUrl, HealthEndpoint } from "./endpoint.ts";
import { Label, Name, NodeId, NodeTypeInAnyCase, Timestamp, Uuid, mapOf, maybe } from "./fields.ts";
import { NodeVersion, versionText } from "./node-version.ts";

const CAPABILITIES_MAX = 256;
const ENDPOINTS_MAX = 64;
const METADATA_MAX = 64;

/** Names, or an object whose keys are the names: one that is false or null is a capability that the node lacks. */
const Capabilities = z.union([z.array(Name).max(CAPABILITIES_MAX), mapOf(z.unknown(), CAPABILITIES_MAX, Name)]);
/** URLs, or a map of name to URL. */
const Endpoints = z.union([z.array(EndpointUrl).max(ENDPOINTS_MAX), mapOf(EndpointUrl, ENDPOINTS_MAX, Name)]);

const REASONS = ["startup", "shutdown", "request", "heartbeat", "health_change", "capability_change"] as const;

/** A node announces itself, or what has changed about it. */
export const NodeIntrospectionEvent = message(
  "NodeIntrospectionEvent",
  {
    node_id: NodeId,
    node_type: NodeTypeInAnyCase,
    node_version: maybe(NodeVersion),
    capabilities: maybe(Capabilities),
    /** What older producers call `capabilities`. */
    declared_capabilities: maybe(Capabilities),
    /** Of older producers: kept in metadata, as JSON. */
    discovered_capabilities: maybe(z.unknown()),
    endpoints: maybe(Endpoints),
    health_endpoint: maybe(HealthEndpoint),
    node_name: maybe(Label),
    node_role: maybe(Label),
    reason: maybe(z.enum(REASONS)),
    /** Rises with each start of the node's process: a higher one supersedes. Our client sends its start time. */
    epoch: maybe(z.int().min(0)),
    /** It is never written to Consul, so Consul's 512 bytes are no limit to a value; the message's size is. */
    metadata: maybe(mapOf(z.string(), METADATA_MAX)),
    correlation_id: maybe(Uuid),
    timestamp: maybe(Timestamp),
  },
  normalize,
);

/** The canonical form is `RegisteredNode`, with `reason`, `correlation_id` and `timestamp`. */
function normalize(payload: Payload): Payload {
  const { declared_capabilities, discovered_capabilities, ...given } = canonical(payload);
  const capabilities = given["capabilities"] ?? declared_capabilities ?? [];
  return {
    ...given,
    node_type: String(given["node_type"]).toLowerCase(),
    node_version: versionText((given["node_version"] as z.infer<typeof NodeVersion> | undefined) ?? "1.0.0"),
    capabilities: [...new Set(Array.isArray(capabilities) ? capabilities : presentKeys(capabilities))],
    ...(isMap(capabilities) && { capability_details: Object.fromEntries(entriesOf(capabilities)) }),
    endpoints: namedEndpoints(given["endpoints"]),
    metadata: metadataWith(given["metadata"], discovered_capabilities),
    reason: given["reason"] ?? "startup",
  };
}

type JsonMap = { readonly [key: string]: Json | undefined };
const isMap = (value: unknown): value is JsonMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** `fromEntries` defines keys, so that none is obeyed; `__proto__` is dropped, as in `canonical`. */
const entriesOf = (value: unknown) =>
  isMap(value) ? Object.entries(value).filter(([key]) => key !== "__proto__") : [];

const presentKeys = (capabilities: unknown) =>
  entriesOf(capabilities).flatMap(([name, value]) => (value === false || value === null ? [] : [name]));

const namedEndpoints = (endpoints: Json | undefined): JsonMap =>
  Object.fromEntries(
    Array.isArray(endpoints) ? endpoints.map((url, i) => [`endpoint-${i + 1}`, url] as const) : entriesOf(endpoints),
  );

const metadataWith = (metadata: Json | undefined, discovered: Json | undefined): JsonMap => ({
  ...(discovered !== undefined && { discovered_capabilities: JSON.stringify(discovered) }),
  ...Object.fromEntries(entriesOf(metadata)),
});
