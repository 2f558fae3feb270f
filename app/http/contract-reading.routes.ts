import { graphData } from "../../runtime/contract/graph.ts";
import { registrationOnPaper } from "../registration-effects.ts";
import type { System } from "../system.ts";
import { ContractGraph, contractGraph } from "./contract-graph.ts";
import { type Http, PROBLEMS } from "./http.ts";

export function addContractReading(http: Http, system: System): void {
  http.get(
    "/api/v1/contracts/graph",
    {
      config: { access: ["reader"] },
      schema: { summary: "The two machines, and what leads to what", response: { 200: ContractGraph, ...PROBLEMS } },
    },
    async () => contractGraph(graphData(system.contracts, registrationOnPaper())),
  );
}
