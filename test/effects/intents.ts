import { ConsulDeregister, ConsulRegister, ConsulSetStatus } from "../../effects/service-catalog/messages.ts";
import { randomUUID } from "node:crypto";
import type { z } from "zod";
import type { Effect, Outcome } from "../../runtime/core/effect.ts";
import type { Intent, IntentDefinition } from "../../runtime/core/intent.ts";
import type { Payload } from "../../runtime/core/message.ts";

export interface IntentIdentity {
  readonly entityId: string;
  readonly version: number;
  readonly target: string;
  readonly attemptId?: string;
}

/** An intent as the runtime passes it to an effect. */
export function intentOf<Shape extends z.ZodRawShape>(
  definition: IntentDefinition<Shape>,
  payload: z.input<z.ZodObject<Shape>>,
  { entityId, version, target, attemptId = randomUUID() }: IntentIdentity,
): Intent {
  const correlationId = randomUUID();
  const more = { intent_type: definition.intentType, correlation_id: correlationId, version };
  const type = definition.intentType;
  return {
    id: randomUUID(),
    entityId,
    attemptId,
    type,
    target,
    version,
    correlationId,
    payload: { ...(payload as Payload), ...more },
  };
}

export const run = (effect: Effect, intents: readonly Intent[], timeoutMs = 30_000): Promise<readonly Outcome[]> =>
  effect.run(intents as readonly Intent<never>[], { signal: AbortSignal.timeout(timeoutMs) });

/** The result of each intent: "done", the fault's code, or "not yet". */
export const endings = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map((outcome) => (outcome.done ? "done" : (outcome.fault?.code ?? "not yet")));

type RegisterPayload = z.input<z.ZodObject<typeof ConsulRegister.shape>>;

/** The intents for services named `name`; a node `n1` has the service id `{name}-n1`. */
export function serviceIntents(name: string) {
  const idOf = (nodeId: string): string => `${name}-${nodeId}`;
  const identity = (nodeId: string, version: number): IntentIdentity => {
    return { entityId: nodeId, version, target: `consul://service/${idOf(nodeId)}` };
  };
  return {
    idOf,
    register: (nodeId: string, version: number, given: Partial<RegisterPayload> = {}): Intent =>
      intentOf(
        ConsulRegister,
        {
          service_id: idOf(nodeId),
          service_name: name,
          tags: ["node_type:effect", "node_version:1.2.3", "capability:io"],
          address: "10.1.2.3",
          port: 8080,
          check: { status: "critical", note: "awaiting acknowledgement" },
          ...given,
        },
        identity(nodeId, version),
      ),
    setStatus: (nodeId: string, version: number, status: "passing" | "critical", note = "active"): Intent =>
      intentOf(ConsulSetStatus, { service_id: idOf(nodeId), status, note }, identity(nodeId, version)),
    deregister: (nodeId: string, version: number): Intent =>
      intentOf(ConsulDeregister, { service_id: idOf(nodeId) }, identity(nodeId, version)),
  };
}
