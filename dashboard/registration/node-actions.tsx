import type { ActionProps } from "../domains/domain.ts";
import { ReasonForm } from "../shared/reason-form.tsx";
import { fetchJson } from "../shared/api.ts";

/** What an operator can do with a node. */
export function NodeActions({ id: nodeId, kind, hasPending, onDone }: ActionProps) {
  const deregister = async (reason: string): Promise<string> => {
    const payload = { node_id: nodeId, ...(reason !== "" && { reason }) };
    await fetchJson("/api/v1/events", { method: "POST", body: { payload_type: "NodeDeregister", payload } });
    onDone();
    return "Deregistration requested.";
  };
  const retry = async (reason: string): Promise<string> => {
    const path = `/api/v1/registrations/${encodeURIComponent(nodeId)}/retry`;
    const { intents } = await fetchJson<{ readonly intents: number }>(path, { method: "POST", body: { reason } });
    onDone();
    return intents > 0 ? `Pending intents retried now: ${intents}.` : "The last introspection was published again.";
  };
  const isEnded = kind === "ended";
  return (
    <>
      {(isEnded || hasPending) && (
        <ReasonForm
          label={isEnded ? "Register again…" : "Retry now…"}
          confirmLabel={isEnded ? `Register ${nodeId} again` : "Retry pending work"}
          failureTitle="Retry failed"
          onConfirm={retry}
        />
      )}
      {!isEnded && (
        <ReasonForm
          label="Deregister…"
          confirmLabel={`Deregister ${nodeId}`}
          optional
          failureTitle="Deregistration failed"
          onConfirm={deregister}
        />
      )}
    </>
  );
}
