import { z } from "zod";
import { NODE_TYPES } from "../../contracts/registration/messages/fields.ts";
import type { System } from "../system.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { Cursor, type Http, Limit, NodeParams, PROBLEMS } from "./http.ts";
import { notFound } from "./problem.ts";
import { findRegistrations, registrationsOf } from "./registration-rows.ts";
import { RegistrationView, registrationView } from "./registration-view.ts";

const ListQuery = z.object({
  state: z.string().max(255).optional().describe("the orchestrator's state, as the contract calls it"),
  node_type: z.enum(NODE_TYPES).optional(),
  capability: z.string().min(1).max(255).optional().describe("a capability that the node has"),
  q: z.string().min(1).max(255).optional().describe("a part of the node's id or name, in any case"),
  limit: Limit(100),
  cursor: Cursor,
});
const List = z.object({ items: z.array(RegistrationView), next_cursor: z.string().nullable() });

export function addRegistrationRoutes(http: Http, { store, domain }: System): void {
  http.get(
    "/api/v1/registrations",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "The registrations, by node id",
        querystring: ListQuery,
        response: { 200: List, ...PROBLEMS },
      },
    },
    async ({ query: { state, node_type: nodeType, capability, q: text, limit, cursor } }) => {
      const filter = { state, nodeType, capability, text };
      const scope = `registrations ${JSON.stringify(filter)}`;
      const [after = ""] = cursor === undefined ? [] : decodeCursor(scope, cursor);
      const found = await findRegistrations(store, domain.name, filter, { after: String(after), limit: limit + 1 });
      const items = found.slice(0, limit).map(registrationView);
      const last = found.length > limit ? items.at(-1) : undefined;
      return { items, next_cursor: last ? encodeCursor(scope, [last.node_id]) : null };
    },
  );

  http.get(
    "/api/v1/registrations/:node_id",
    {
      config: { access: ["reader", "node"] },
      schema: {
        summary: "One node's registration",
        params: NodeParams,
        response: { 200: RegistrationView, ...PROBLEMS },
      },
    },
    async ({ params: { node_id } }) => {
      const [entity] = await registrationsOf(store, domain.name, [node_id]);
      if (!entity) throw notFound(`no node ${node_id} was ever taken in`);
      return registrationView(entity);
    },
  );
}
