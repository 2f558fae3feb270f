import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProgram } from "../test/blackbox/program.ts";

/** `rollcall start` without any service: ms until it is ready, the first time in a folder, and later (median). */
export async function startTimes(): Promise<Readonly<Record<string, number>>> {
  const directory = mkdtempSync(join(tmpdir(), "rollcall-start-"));
  const startMs = async (): Promise<number> => {
    const at = performance.now();
    const program = await startProgram({ environment: { ROLLCALL_DATA_DIR: directory, ROLLCALL_LOG_LEVEL: "error" } });
    const took = performance.now() - at;
    await program.stop();
    return Math.round(took);
  };
  try {
    const first = await startMs();
    const later = [await startMs(), await startMs(), await startMs()].sort((a, b) => a - b);
    return { firstStartMs: first, laterStartMs: later[1] ?? 0 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
