/** The crash points of docs/reliability.md that are inside the program. */
const POINTS = ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "C11", "C12", "C13"] as const;

/** Called at a named crash point. Does nothing unless a test has armed the point. */
export type Failpoint = (point: (typeof POINTS)[number]) => void;

export const noFailpoint: Failpoint = () => {};

/** How the process ends there: killed, or by an exception or rejection that nothing catches. */
const CRASHES: Readonly<Record<string, () => void>> = {
  exit: () => void process.kill(process.pid, "SIGKILL"),
  throw: () =>
    void setImmediate(() => {
      throw new Error("thrown at a fail point");
    }),
  reject: () => void Promise.reject(new Error("rejected at a fail point")),
};

/**
 * @param armed `C5:exit`: killed, as by kill -9, when C5 is passed; `C5:exit:3`: when it is passed for the third time.
 *   `throw` or `reject` instead of `exit`: an exception or a rejection that nothing catches
 * @throws Error in production, or when `armed` is malformed
 */
export function armFailpoint(armed: string | undefined, nodeEnv: string | undefined): Failpoint {
  if (armed === undefined || armed === "") return noFailpoint;
  if (nodeEnv === "production") throw new Error("fail points can't be armed when NODE_ENV=production");
  const [, point, wayName = "", count = "1"] = /^(C\d+):([a-z]+)(?::([1-9]\d*))?$/.exec(armed) ?? [];
  const crash = CRASHES[wayName];
  if (crash === undefined) throw new Error(`ROLLCALL_FAILPOINT: ${armed} is not of the form C5:exit or C5:exit:3`);
  if (!POINTS.some((known) => known === point))
    throw new Error(`ROLLCALL_FAILPOINT: there is no ${point}, only ${POINTS.join(", ")}`);
  let passesLeft = Number(count);
  return (name) => {
    if (name === point && --passesLeft === 0) crash();
  };
}
