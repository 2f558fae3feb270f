import { useState } from "preact/hooks";

interface ActionState {
  readonly busy: boolean;
  /** What the action answered when it was done. */
  readonly message?: string;
  readonly error?: Error;
}
export interface Action extends ActionState {
  /** Runs it and keeps its message or its error. Resolves to whether it was done. */
  readonly start: (run: () => Promise<string>) => Promise<boolean>;
  readonly reset: () => void;
}

/** The state of something that the reader started, such as a request that changes something. */
export function useAction(): Action {
  const [state, setState] = useState<ActionState>({ busy: false });
  const start = async (run: () => Promise<string>): Promise<boolean> => {
    setState({ busy: true });
    try {
      setState({ busy: false, message: await run() });
      return true;
    } catch (error) {
      setState({ busy: false, error: error as Error });
      return false;
    }
  };
  return { ...state, start, reset: () => setState({ busy: false }) };
}
