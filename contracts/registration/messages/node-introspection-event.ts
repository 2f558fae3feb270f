import { z } from "zod";
import { type Json, type Payload, message } from "../../../runtime/core/message.ts";
import { normalizeIncoming } from "./normalize-incoming.ts";
import { EndpointUrl, HealthEndpoint } from "./endpoint.ts";
import { CorrelationId, ShortText, Name, NodeId, NodeTypeInAnyCase, SentAt, mapOf, optionalOrNull } from "./fields.ts";
import { NodeVersion, versionText } from "./node-version.ts";

const CAPABILITIES_MAX = 256;
const ENDPOINTS_MAX = 64;
const METADATA_MAX = 64;

const CAPABILITIES_HELP =
  "names, or an object whose keys are the names: one that is false or null is a capability that the node lacks";
const Capabilities = z.union([z.array(Name).max(CAPABILITIES_MAX), mapOf(z.unknown(), CAPABILITIES_MAX, Name)]);
const Endpoints = z.union([z.array(EndpointUrl).max(ENDPOINTS_MAX), mapOf(EndpointUrl, ENDPOINTS_MAX, Name)]);

const REASONS = ["startup", "shutdown", "request", "heartbeat", "health_change", "capability_change"] as const;

export const NodeIntrospectionEvent = message(
  "NodeIntrospectionEvent",
  {
    node_id: NodeId,
    node_type: NodeTypeInAnyCase,
    node_version: optionalOrNull(NodeVersion).describe(
      "a semantic version, as text or in its parts; 1.0.0 if left out",
    ),
    capabilities: optionalOrNull(Capabilities).meta({ description: CAPABILITIES_HELP, example: ["payments.capture"] }),
    declared_capabilities: optionalOrNull(Capabilities).describe("what older producers call capabilities"),
    discovered_capabilities: optionalOrNull(z.unknown()).describe("of older producers: kept in metadata, as JSON text"),
    endpoints: optionalOrNull(Endpoints).meta({
      description:
        "URLs, or a map of name to URL: http, https, grpc, grpcs, tcp. The first is registered in the catalog",
      example: { api: "http://10.0.0.7:8080" },
    }),
    health_endpoint: optionalOrNull(HealthEndpoint).meta({
      description: "a path that starts with one /, or a URL as under endpoints",
      example: "/health",
    }),
    node_name: optionalOrNull(ShortText).describe("its name for people"),
    node_role: optionalOrNull(ShortText).describe("its purpose, for people"),
    reason: optionalOrNull(z.enum(REASONS)).meta({
      description: "startup if left out; shutdown deregisters",
      example: "startup",
    }),
    epoch: optionalOrNull(z.int().min(0)).meta({
      description: "rises with each start of the node's process, as its start time does: a higher one supersedes",
      example: 1_763_698_800_000,
    }),
    // Never written to Consul, so its limit of 512 bytes a value does not apply; the limit is the message's size.
    metadata: optionalOrNull(mapOf(z.string(), METADATA_MAX)).meta({
      description: "any texts about the node",
      example: { zone: "a" },
    }),
    correlation_id: CorrelationId,
    timestamp: SentAt,
  },
  { description: "A node announces itself, or a change of its description.", normalize },
);

/** The canonical form is `RegisteredNode`, with `reason`, `correlation_id` and `timestamp`. */
function normalize(payload: Payload): Payload {
  const { declared_capabilities, discovered_capabilities, ...given } = normalizeIncoming(payload);
  const capabilities = given["capabilities"] ?? declared_capabilities ?? [];
  return {
    ...given,
    node_type: String(given["node_type"]).toLowerCase(),
    node_version: versionText((given["node_version"] as z.infer<typeof NodeVersion> | undefined) ?? "1.0.0"),
    capabilities: [...new Set(Array.isArray(capabilities) ? capabilities : enabledNames(capabilities))],
    ...(isMap(capabilities) && { capability_details: Object.fromEntries(entriesOf(capabilities)) }),
    endpoints: namedEndpoints(given["endpoints"]),
    metadata: metadataWith(given["metadata"], discovered_capabilities),
    reason: given["reason"] ?? "startup",
  };
}

type JsonMap = { readonly [key: string]: Json | undefined };
const isMap = (value: unknown): value is JsonMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** `__proto__` is dropped, as in `canonical`: assigning such a key to an object would set its prototype. */
const entriesOf = (value: unknown) =>
  isMap(value) ? Object.entries(value).filter(([key]) => key !== "__proto__") : [];

const enabledNames = (capabilities: unknown) =>
  entriesOf(capabilities).flatMap(([name, value]) => (value === false || value === null ? [] : [name]));

const namedEndpoints = (endpoints: Json | undefined): JsonMap =>
  Object.fromEntries(
    Array.isArray(endpoints) ? endpoints.map((url, i) => [`endpoint-${i + 1}`, url] as const) : entriesOf(endpoints),
  );

const metadataWith = (metadata: Json | undefined, discovered: Json | undefined): JsonMap => ({
  ...(discovered !== undefined && { discovered_capabilities: JSON.stringify(discovered) }),
  ...Object.fromEntries(entriesOf(metadata)),
});
