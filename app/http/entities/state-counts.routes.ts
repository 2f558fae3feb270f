import { type Http, PROBLEMS } from "../server/route-types.ts";
import { type NodeCounts, StateCounts } from "./node-counts.ts";

export function addStateCountRoutes(http: Http, counts: NodeCounts): void {
  http.get(
    "/api/v1/contracts/counts",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "Nodes by state of both state machines, over all processes",
        response: { 200: StateCounts, ...PROBLEMS },
      },
    },
    () => counts.byState(),
  );
}
