import type { StateKind } from "../../app/http/entities/state-kind.ts";
import { WordForm } from "../shared/reason-form.tsx";
import { ask } from "../shared/api.ts";

interface ActionsProps {
  readonly nodeId: string;
  readonly kind: StateKind | undefined;
  readonly hasPending: boolean;
  readonly onDone: () => void;
}

/** What an operator can do about a node. */
export function Actions({ nodeId, kind, hasPending, onDone }: ActionsProps) {
  const deregister = async (reason: string): Promise<string> => {
    const payload = { node_id: nodeId, ...(reason !== "" && { reason }) };
    await ask("/api/v1/events", { method: "POST", body: { payload_type: "NodeDeregister", payload } });
    onDone();
    return "The command is published.";
  };
  const retry = async (reason: string): Promise<string> => {
    const path = `/api/v1/registrations/${encodeURIComponent(nodeId)}/retry`;
    const { intents } = await ask<{ readonly intents: number }>(path, { method: "POST", body: { reason } });
    onDone();
    return intents > 0 ? `${intents} waited and is tried now.` : "Its last introspection is published again.";
  };
  const isEnded = kind === "ended";
  return (
    <div class="actions">
      {(isEnded || hasPending) && (
        <WordForm
          label={isEnded ? "Register again…" : "Try now…"}
          question="Why it is tried again"
          confirm={isEnded ? `Register ${nodeId} again` : "Try what waits now"}
          refused="It was not tried again"
          onWord={retry}
        />
      )}
      {!isEnded && (
        <WordForm
          label="Deregister…"
          question="Why (may be left out)"
          confirm={`Deregister ${nodeId}`}
          optional
          refused="It is still registered"
          onWord={deregister}
        />
      )}
    </div>
  );
}
