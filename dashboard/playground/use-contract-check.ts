import { useEffect, useRef, useState } from "preact/hooks";
import type { ContractCheck } from "../../app/http/contracts/contract-check.routes.ts";
import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import { useDomain } from "../domains/domain.ts";
import { ApiError, fetchJson } from "../shared/api.ts";

const CHECK_DELAY_MS = 500;
const RETRY_MS = 1_000;
/** A check that can't be made at all is answered with 503 too, as another problem. */
const OVERLOADED = "urn:rollcall:problem:overloaded";

export interface CheckOptions {
  /** Also explore every state of the model. */
  readonly model?: boolean;
  readonly plan_hours?: number;
}

/** Checks the edited contracts shortly after a change, and more on request. Only the latest answer counts. */
export function useContractCheck(edited: Readonly<Record<string, string>>) {
  const { api } = useDomain();
  const [check, setCheck] = useState<ContractCheck>();
  const [graph, setGraph] = useState<ContractGraph>();
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const latestRun = useRef(0);
  const run = async (options: CheckOptions): Promise<void> => {
    const runNumber = ++latestRun.current;
    const isLatest = (): boolean => runNumber === latestRun.current;
    setBusy(true);
    try {
      const answer = await fetchCheck(api("/contracts/check"), { files: edited, model: false, ...options }, isLatest);
      if (!isLatest() || !answer) return;
      setCheck(answer);
      if (answer.graph) setGraph(answer.graph);
      setError(undefined);
    } catch (reason) {
      if (!isLatest()) return;
      setError(reason as Error);
    }
    setBusy(false);
  };
  useEffect(() => {
    const timer = setTimeout(() => void run({}), CHECK_DELAY_MS);
    return () => clearTimeout(timer);
  }, [edited]);
  useEffect(() => () => void (latestRun.current = -1), []);
  return { check, graph, error, busy, run };
}

/** The server checks one set of contracts at a time and refuses others meanwhile. Undefined: not wanted any more. */
async function fetchCheck(path: string, body: object, isWanted: () => boolean): Promise<ContractCheck | undefined> {
  while (isWanted()) {
    try {
      return await fetchJson<ContractCheck>(path, { method: "POST", body });
    } catch (error) {
      if (!(error instanceof ApiError && error.problem["type"] === OVERLOADED)) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
  return undefined;
}
