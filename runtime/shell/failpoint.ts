const POINTS = ["C1", "C2", "C3", "C4", "C5", "C6", "C8", "C9", "C11"] as const;

/** Passes a named crash point. Does nothing unless a test armed it. */
export type Failpoint = (point: (typeof POINTS)[number]) => void;

export const noFailpoint: Failpoint = () => {};

/**
 * Arms `C5:exit` (at the first pass) or `C5:exit:3` (at the third): the process is killed there as by kill -9.
 * @throws Error when armed in production, or badly written
 */
export function armFailpoint(armed: string | undefined, nodeEnv: string | undefined): Failpoint {
  if (armed === undefined || armed === "") return noFailpoint;
  if (nodeEnv === "production") throw new Error("fail points can't be armed when NODE_ENV=production");
  const parts = /^(C\d+):exit(?::(\d+))?$/.exec(armed);
  if (!parts) throw new Error(`ROLLCALL_FAILPOINT: ${armed} is not of the form C5:exit or C5:exit:3`);
  const [, point, count] = parts;
  if (!POINTS.some((known) => known === point))
    throw new Error(`ROLLCALL_FAILPOINT: there is no ${point}, only ${POINTS.join(", ")}`);
  let left = Number(count ?? 1);
  return (name) => {
    if (name === point && --left === 0) process.kill(process.pid, "SIGKILL");
  };
}
