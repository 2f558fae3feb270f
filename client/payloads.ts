// The payloads of the registration protocol, as this client reads and writes them. The contracts' own types would need
// another package; a test checks that both are equal.

type Maybe<Value> = Value | null | undefined;

/** Fields of every message of a node. */
interface Sent {
  /** 1 to 255 of A-Z a-z 0-9 . _ : - */
  readonly node_id: string;
  /** UUID of the request that this belongs to; every event that follows from it has the same one. */
  readonly correlation_id?: Maybe<string>;
  /** RFC 3339, by the sender's clock. */
  readonly timestamp?: Maybe<string>;
}

type VersionIdentifiers = Maybe<string | (string | number)[]>;

export interface NodeIntrospection extends Sent {
  /** effect, compute, reducer or orchestrator, in any case. */
  readonly node_type: string;
  /** A semantic version; 1.0.0 if left out. */
  readonly node_version?: Maybe<
    | string
    | {
        major: number;
        minor?: Maybe<number>;
        patch?: Maybe<number>;
        prerelease?: VersionIdentifiers;
        build?: VersionIdentifiers;
      }
  >;
  /** Names, or an object whose keys are the names: one that is false or null is a capability that the node lacks. */
  readonly capabilities?: Maybe<string[] | Record<string, unknown>>;
  /** What older producers call capabilities. */
  readonly declared_capabilities?: Maybe<string[] | Record<string, unknown>>;
  /** Of older producers: kept in metadata, as JSON text. */
  readonly discovered_capabilities?: unknown;
  /** URLs, or name to URL: http, https, grpc, grpcs, tcp. The first is registered in the service catalog. */
  readonly endpoints?: Maybe<string[] | Record<string, string>>;
  /** A path that starts with one /, or a URL. */
  readonly health_endpoint?: Maybe<string>;
  readonly node_name?: Maybe<string>;
  readonly node_role?: Maybe<string>;
  /** startup if left out; shutdown deregisters. */
  readonly reason?: Maybe<"startup" | "shutdown" | "request" | "heartbeat" | "health_change" | "capability_change">;
  /** Rises with each start of the node's process: a higher one supersedes. */
  readonly epoch?: Maybe<number>;
  readonly metadata?: Maybe<Record<string, string>>;
}

export interface NodeAck extends Sent {
  /** UUID of the attempt that this answers, as NodeRegistrationAccepted told it. */
  readonly registration_attempt_id?: Maybe<string>;
  /** The sender's own id of this command. */
  readonly command_id?: Maybe<string>;
}

export interface NodeHeartbeat extends Sent {
  /** Since its process started. */
  readonly uptime_seconds?: Maybe<number>;
  readonly active_operations_count?: Maybe<number>;
  /** Of one core: may be more than 100 on several cores. */
  readonly cpu_usage_percent?: Maybe<number>;
  readonly memory_usage_mb?: Maybe<number>;
}

export interface NodeGoodbye extends Sent {
  /** Why, for people. */
  readonly reason?: Maybe<string>;
}

type NodeType = "effect" | "compute" | "reducer" | "orchestrator";

/** A node's description of itself, and its time. */
interface RegisteredNode {
  readonly node_id: string;
  readonly node_type: NodeType;
  readonly node_version: string;
  readonly node_name?: string | undefined;
  readonly node_role?: string | undefined;
  readonly capabilities: string[];
  /** Name to URL. */
  readonly endpoints: Record<string, string>;
  readonly health_endpoint?: string | undefined;
  readonly metadata: Record<string, string>;
  readonly epoch?: number | undefined;
  /** RFC 3339. */
  readonly introspected_at: string;
  readonly [field: string]: unknown;
}

/** Fields of every event. A later version may send more. */
interface Published {
  readonly node_id: string;
  readonly correlation_id: string;
  readonly causation_id: string;
  readonly registration_attempt_id: string;
  /** 1 is the node's first registration. */
  readonly attempt: number;
  /** Rises by one with each event of a node. */
  readonly entity_seq: number;
  /** RFC 3339. */
  readonly emitted_at: string;
  readonly [field: string]: unknown;
}

/** Payloads by event type; times are RFC 3339. */
export interface RegistrationPayloads {
  /** A registration attempt has begun. */
  readonly NodeRegistrationInitiated: Published & {
    readonly node_type: NodeType;
    readonly node: RegisteredNode;
    /** The attempt that this one replaces, or null. */
    readonly supersedes: string | null;
  };
  /** Every backend has registered the node, which must send its ACK by ack_deadline. */
  readonly NodeRegistrationAccepted: Published & { readonly ack_deadline: string; readonly service_id: string };
  /** A backend has refused the node for good. */
  readonly NodeRegistrationRejected: Published & {
    readonly rejection_reason: string;
    readonly failed_backends: { backend: string; error_code: string; message: string }[];
  };
  /** The node has acknowledged its acceptance. */
  readonly NodeRegistrationAckReceived: Published & { readonly liveness_deadline: string };
  /** No ACK arrived in time: the attempt has ended, and its registrations are undone. */
  readonly NodeRegistrationAckTimedOut: Published & { readonly deadline_at: string };
  /** The node is ready for work, for as long as it renews its liveness. */
  readonly NodeBecameActive: Published & {
    readonly node_type: NodeType;
    readonly liveness_deadline: string;
    readonly capabilities: string[];
    readonly endpoints: Record<string, string>;
  };
  /** An ACTIVE node has changed its description. */
  readonly NodeUpdated: Published & { readonly node: RegisteredNode };
  /** An ACTIVE node sent no heartbeat in time. */
  readonly NodeLivenessExpired: Published & {
    readonly deadline_at: string;
    /** Null: none was received. */
    readonly last_heartbeat_at: string | null;
  };
  /** The registration was ended by the node or by an operator. */
  readonly NodeDeregistered: Published & { readonly reason: string };
}
