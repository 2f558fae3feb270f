import { z } from "zod";
import type { DomainApi } from "../../http/server/domain-api.ts";
import { apiRoute, type Http } from "../../http/server/route-types.ts";

const ServiceEntry = z.object({
  service_id: z.string(),
  service_name: z.string(),
  node_id: z.string(),
  address: z.string().describe("empty when the node named no endpoint"),
  port: z.int().nullable(),
  tags: z.array(z.string()),
  status: z.enum(["passing", "critical"]),
  note: z.string().describe("the reason for the status"),
  version: z.int(),
});
const Params = z.object({ name: z.string().regex(/^[A-Za-z0-9._:-]{1,255}$/, "1 to 255 of A-Z a-z 0-9 . _ : -") });
const Query = z.object({
  passing: z
    .enum(["", "1", "true", "0", "false"])
    .optional()
    .transform((value) => value !== undefined && value !== "0" && value !== "false")
    .describe("only services whose status is passing"),
});

export function addServiceRoutes(http: Http, { system }: DomainApi): void {
  http.get(
    "/services/:name",
    apiRoute(["reader", "node"], {
      summary: "Discovery: the services of one name, from Consul or the table catalogue",
      params: Params,
      querystring: Query,
      response: { 200: z.object({ items: z.array(ServiceEntry) }) },
    }),
    async ({ params: { name }, query: { passing } }) => {
      const entries = await system.catalog.services(name, passing);
      return { items: entries.map((entry) => ({ ...entry, tags: [...entry.tags] })) };
    },
  );
}
