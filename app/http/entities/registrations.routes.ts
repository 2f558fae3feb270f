import { z } from "zod";
import { NODE_TYPES } from "../../../contracts/registration/messages/fields.ts";
import type { System } from "../../host/system.ts";
import { decodeCursor, pageOf } from "../server/cursor.ts";
import { apiRoute, CursorParam, type Http, LimitParam, NodeParams } from "../server/route-types.ts";
import { notFound } from "../server/problem.ts";
import { countRegistrations, findRegistrations, readRegistrations, SKIP_MAX } from "./registration-queries.ts";
import { RegistrationView, registrationView } from "./registration-view.ts";

const ListQuery = z.object({
  state: z.string().max(255).optional().describe("the orchestrator's state, by its name in the contract"),
  reducer_state: z.string().max(255).optional().describe("the reducer's state, by its name in the contract"),
  node_type: z.enum(NODE_TYPES).optional(),
  capability: z.string().min(1).max(255).optional().describe("a capability that the node has"),
  q: z.string().min(1).max(255).optional().describe("a part of the node's id or name, in any case"),
  limit: LimitParam(100),
  cursor: CursorParam,
  skip: z.coerce
    .number()
    .int()
    .min(0)
    .max(SKIP_MAX)
    .default(0)
    .describe("items to skip behind the cursor, or from the beginning"),
  count: z.enum(["true", "false"]).default("false").describe("true: also the total"),
});
const List = z.object({
  items: z.array(RegistrationView),
  next_cursor: z.string().nullable(),
  total: z
    .int()
    .optional()
    .describe("with count=true: how many match these filters; 1,000,000 means that many or more"),
});

export function addRegistrationRoutes(http: Http, { store, domain }: System): void {
  http.get(
    "/api/v1/registrations",
    apiRoute(["reader"], {
      summary: "The registrations, by node id",
      querystring: ListQuery,
      response: { 200: List },
    }),
    async ({ query: { limit, cursor, skip, count, ...asked } }) => {
      const { state, reducer_state: reducerState, node_type: nodeType, capability, q: text } = asked;
      const filter = { state, reducerState, nodeType, capability, text };
      const scope = `registrations ${JSON.stringify(filter)}`;
      const [after = ""] = cursor === undefined ? [] : decodeCursor(scope, cursor);
      const page = { after: String(after), skip, limit: limit + 1 };
      const found = await findRegistrations(store, domain.name, filter, page);
      const { items, next_cursor } = pageOf(found.map(registrationView), limit, scope, ({ node_id }) => [node_id]);
      if (count === "false") return { items, next_cursor };
      // A count with a filter reads every node, and a single page is counted already.
      const isAll = cursor === undefined && skip === 0 && next_cursor === null;
      return { items, next_cursor, total: isAll ? items.length : await countRegistrations(store, domain.name, filter) };
    },
  );

  http.get(
    "/api/v1/registrations/:node_id",
    apiRoute(["reader", "node"], {
      summary: "One node's registration",
      params: NodeParams,
      response: { 200: RegistrationView },
    }),
    async ({ params: { node_id } }) => {
      const [entity] = await readRegistrations(store, domain.name, [node_id]);
      if (!entity) throw notFound(`no node ${node_id} is known`);
      return registrationView(entity);
    },
  );
}
