import type { DomainApi } from "../../http/server/domain-api.ts";
import { addPagePaths } from "../../http/page/page.routes.ts";
import type { Http } from "../../http/server/route-types.ts";
import { addEventRoutes } from "./events.routes.ts";
import { addRegistrationRoutes } from "./registrations.routes.ts";
import { addServiceRoutes } from "./services.routes.ts";

/** What nodes, and those who look at them, ask over HTTP. */
export async function addRoutes(http: Http, api: DomainApi): Promise<void> {
  addPagePaths(http, ["/nodes", "/nodes/:id"]);
  await http.register(
    async (scope: Http) => {
      addEventRoutes(scope, api);
      addRegistrationRoutes(scope, api);
      addServiceRoutes(scope, api);
    },
    { prefix: "/api/v1" },
  );
}
