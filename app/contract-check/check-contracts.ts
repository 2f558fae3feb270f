import { on } from "node:events";
import { parentPort } from "node:worker_threads";
import type { Command } from "commander";
import type { ExportedLine } from "../journal/exported-line.ts";
import { chosenModules } from "../host/modules.ts";
import { checkContracts, type CheckRequest, type ContractCheck, type WorkerMessage } from "./contract-check.ts";

/** Hidden: the server starts it as the thread that checks contracts. */
export function addCommands(program: Command): void {
  program.command("contract-check-worker", { hidden: true }).action(runWorker);
}

/** One request after the other, until the thread is ended. */
async function runWorker(): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error("check-contracts runs only as a worker thread of the server");
  const messages = on(port, "message");
  const nextMessage = async <Message>(): Promise<Message> => ((await messages.next()).value as [Message])[0];
  const send = (message: WorkerMessage): void => port.postMessage(message);
  async function* journal(): AsyncGenerator<ExportedLine> {
    for (;;) {
      send("lines");
      const lines = await nextMessage<readonly ExportedLine[]>();
      if (lines.length === 0) return;
      yield* lines;
    }
  }
  for (;;) {
    const request = await nextMessage<CheckRequest>();
    await checkOfModule(request, journal()).then(
      (result) => send({ result }),
      (error: unknown) => send({ failed: error instanceof Error ? error.message : String(error) }),
    );
  }
}

const checkOfModule = async (
  { module, ...request }: CheckRequest,
  lines: AsyncIterable<ExportedLine>,
): Promise<ContractCheck> => checkContracts(await chosenModules([module], process.cwd()), request, lines);
