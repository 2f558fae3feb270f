/** Reaches a named crash point (reliability.md, Crash points). Does nothing unless a test armed it. */
export type Failpoint = (name: string) => void;

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
  let left = Number(count ?? 1);
  return (name) => {
    if (name === point && --left === 0) process.kill(process.pid, "SIGKILL");
  };
}
