import { z } from "zod";
import { readAppliedResults } from "./applied-results.ts";
import { type ConsulClient, parseResponse, describeResponse } from "./consul-client.ts";
import { backendUnavailable } from "../service-catalog/faults.ts";

/** The fields of Consul's answers about a service that the next write needs. */
const ConsulService = z.object({
  ID: z.string(),
  Service: z.string(),
  Meta: z.record(z.string(), z.string()).nullish(),
  ModifyIndex: z.number(),
});
export type ConsulService = z.infer<typeof ConsulService>;

const ConsulCheck = z.object({ CheckID: z.string(), Name: z.string(), ModifyIndex: z.number() });
export type ConsulCheck = z.infer<typeof ConsulCheck>;

export const ConsulNode = z.object({
  Node: z.string(),
  Address: z.string(),
  Meta: z.record(z.string(), z.string()).nullish(),
  ModifyIndex: z.number(),
});
export type ConsulNode = z.infer<typeof ConsulNode>;

interface WrittenService extends ConsulService {
  readonly Tags: readonly string[];
  readonly Address: string;
  readonly Port: number;
}

interface WrittenCheck extends ConsulCheck {
  readonly Status: string;
  readonly Output: string;
  readonly ServiceID: string;
  /** Consul's ACL checks the permission by it. */
  readonly ServiceName: string;
}

type Verb = "get" | "set" | "cas" | "delete-cas";

export type Operation =
  | { readonly Node: { readonly Verb: Verb; readonly Node: Partial<ConsulNode> } }
  | { readonly Service: { readonly Verb: Verb; readonly Node: string; readonly Service: Partial<WrittenService> } }
  | { readonly Check: { readonly Verb: Verb; readonly Check: Partial<WrittenCheck> & { readonly Node: string } } };

/** Consul's limit of operations in a transaction. */
export const OPERATIONS_MAX = 64;

const OperationResult = z.object({
  Node: ConsulNode.optional(),
  Service: ConsulService.optional(),
  Check: ConsulCheck.optional(),
});
export type OperationResult = z.infer<typeof OperationResult>;
export const AppliedResponse = z.object({ Results: z.array(OperationResult).nullable() });
const RefusedResponse = z.object({ Errors: z.array(z.object({ OpIndex: z.int().min(0), What: z.string() })).min(1) });

export interface OperationError {
  /** Index of the operation. */
  readonly index: number;
  readonly kind: "conflict" | "missing" | "invalid" | "unavailable";
  readonly message: string;
}

/** A transaction is applied as a whole or not at all. For `invalid_request` Consul does not name the operation. */
export type TransactionResult =
  | { readonly kind: "applied"; readonly results: readonly OperationResult[] }
  | { readonly kind: "refused"; readonly problems: readonly OperationError[] }
  | { readonly kind: "invalid_request"; readonly what: string };

/**
 * Runs operations, given as JSON joined by commas, as one transaction. Reads are answered by the leader.
 * @throws Fault UNAVAILABLE, retryable: it is not known whether Consul applied it
 */
export async function transact(
  client: ConsulClient,
  operations: string,
  signal: AbortSignal,
): Promise<TransactionResult> {
  const request = { method: "PUT", path: "/v1/txn", query: { consistent: "1" }, body: `[${operations}]` } as const;
  const answer = await client.send(request, signal);
  switch (answer.status) {
    case 200:
      return { kind: "applied", results: parseResponse(answer, AppliedResponse, readAppliedResults).Results ?? [] };
    case 409:
      return { kind: "refused", problems: parseResponse(answer, RefusedResponse).Errors.map(toOperationError) };
    case 400:
    case 413:
      return { kind: "invalid_request", what: describeResponse(answer) };
    default:
      throw backendUnavailable(`Consul PUT /v1/txn: ${describeResponse(answer)}`);
  }
}

const toOperationError = ({ OpIndex, What }: { OpIndex: number; What: string }): OperationError => ({
  index: OpIndex,
  kind: classifyError(What),
  message: What,
});

/**
 * Consul reports errors as text only (agent/consul/state/txn.go, catalog_endpoint.go of 1.8.7). An unknown text counts
 * as unavailable, because retrying in vain costs less than refusing a node for good when only an ACL was wrong.
 */
function classifyError(what: string): OperationError["kind"] {
  if (what.endsWith("index is stale")) return "conflict";
  if (what.endsWith("doesn't exist")) return "missing";
  return /^(Invalid service |Must provide service )/i.test(what) ? "invalid" : "unavailable";
}
