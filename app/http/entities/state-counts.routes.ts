import { apiRoute, type Http } from "../server/route-types.ts";
import { type NodeCounts, StateCounts } from "./node-counts.ts";

export function addStateCountRoutes(http: Http, counts: NodeCounts): void {
  http.get(
    "/api/v1/contracts/counts",
    apiRoute(["reader"], {
      summary: "Nodes by state of both state machines, over all processes",
      response: { 200: StateCounts },
    }),
    () => counts.byState(),
  );
}
