import { z } from "zod";
import type { OperatorDecision } from "../../../runtime/stored/operator-decisions.ts";
import type { System } from "../../host/compose.ts";

export const Reason = z.string().min(1).max(1_024).describe("why: it is kept in rollcall.operator_decision");

/** An operator's decision as it is stored, at the present broker time. */
export const decisionBy = (
  { domain, runtime }: Pick<System, "domain" | "runtime">,
  who: string,
  reason: string | null = null,
): OperatorDecision => ({ domain: domain.name, who, reason, atMs: runtime.brokerTimeMs });
