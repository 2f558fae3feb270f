import { join } from "node:path";
import * as commands from "../../../contracts/flow-run/messages/commands.ts";
import * as events from "../../../contracts/flow-run/messages/events.ts";
import * as reports from "../../../contracts/flow-run/messages/reports.ts";
import type { Backends } from "../../../effects/backends.ts";
import { ProcessAnswer, ProcessForget, ProcessStart, ProcessStop } from "../../../effects/process/messages.ts";
import {
  HandlerProcessAnswer,
  HandlerProcessForget,
  HandlerProcessStart,
  HandlerProcessStop,
} from "../../../effects/process/process.effects.ts";
import type { Runnable } from "../../../effects/process/runnable.ts";
import { Runner } from "../../../effects/process/runner.ts";
import { HandlerLaunchRun, HandlerRestartRun } from "../../../nodes/flow-run/launches.handler.ts";
import {
  HandlerAcknowledgeRun,
  HandlerAnswerLock,
  HandlerDeleteRun,
  HandlerKillRun,
} from "../../../nodes/flow-run/people.handler.ts";
import {
  HandlerLockOverdue,
  HandlerOverdue,
  HandlerReportError,
  HandlerReportLock,
  HandlerReportLog,
  HandlerReportProgress,
  HandlerReportResult,
  HandlerReportStart,
} from "../../../nodes/flow-run/reports.handler.ts";
import { flowRunReducer } from "../../../reducers/flow-run/runs.reducer.ts";
import { defineModule, type Module } from "../../host/module.ts";
import { loadableAs } from "../../host/module-specifiers.ts";
import { nodeCalls } from "./calls.ts";
import { runGateway } from "./gateway.ts";
import type { FlowNode } from "./node/flow-node.ts";
import { registryJobs } from "./registries/registry-job.ts";
import { reportRuns } from "./report-runs.ts";
import { runRow } from "./rows.ts";

interface Own {
  readonly runner: Runner;
}

export interface NodeOptions {
  /** The data folder: what is known of runs beside the store lies in it. */
  readonly folder: string;
  /** For registries that have no token of their own. */
  readonly token?: string | undefined;
  /** A line for people. */
  readonly say?: (line: string) => void;
}

const handlers = {
  ...{ HandlerLaunchRun, HandlerRestartRun, HandlerAnswerLock, HandlerKillRun, HandlerAcknowledgeRun },
  ...{ HandlerDeleteRun, HandlerReportStart, HandlerReportProgress, HandlerReportLog, HandlerReportLock },
  ...{ HandlerReportResult, HandlerReportError, HandlerOverdue, HandlerLockOverdue },
};

const processCode = ({ runner }: Own) => ({
  intents: [ProcessStart, ProcessAnswer, ProcessStop, ProcessForget],
  effects: {
    HandlerProcessStart: HandlerProcessStart(runner),
    HandlerProcessAnswer: HandlerProcessAnswer(runner),
    HandlerProcessStop: HandlerProcessStop(runner),
    HandlerProcessForget: HandlerProcessForget(runner),
  },
});

const runnablesOf = ({ flows }: FlowNode): ReadonlyMap<string, Runnable> =>
  new Map(flows.flatMap(({ flow, runnable }) => (runnable ? [[flow.path, runnable] as const] : [])));

/** The domain of a node that runs these flows. Its data folder is one process's at a time: the store's lock says so. */
export function flowRunsOf(
  node: FlowNode,
  { folder, token, say = () => {} }: NodeOptions,
): { readonly module: Module; readonly runner: () => Runner } {
  let opened: Runner | undefined;
  const { concurrency } = node;
  const runner = (): Runner =>
    (opened ??= new Runner({ folder: join(folder, "flow-runs"), flows: runnablesOf(node), concurrency }));
  const registries = registryJobs(node, { token, say });
  const gateway = { ...runGateway(node.flows), ...nodeCalls(node, Date.now(), registries.statuses) };
  const module = defineModule({
    api: 1,
    name: "flow_runs",
    backends: { runner: { open: runner, close: (client: Runner) => client.close() } },
    domains: [
      {
        name: "flow_run",
        contracts: new URL("../../../contracts/flow-run/", import.meta.url),
        code: (backends: Backends & Own) => ({
          messages: [...Object.values(commands), ...Object.values(reports), ...Object.values(events)],
          ...{ handlers, reducer: flowRunReducer, rows: { run_row: runRow } },
          ...processCode(backends),
          ...gateway,
        }),
        jobs: [reportRuns, ...registries.jobs],
      },
    ],
  });
  return { module: loadableAs(module, module.name), runner };
}

/** A node without flows: what checks, draws and replays contracts is given it. */
const NO_NODE: FlowNode = { name: "none", registries: [], flows: [], concurrency: 1, keepMs: 0 };

export const flowRuns: Module = flowRunsOf(NO_NODE, { folder: ".rollcall" }).module;
