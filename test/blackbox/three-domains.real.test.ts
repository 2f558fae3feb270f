import { describeReal } from "../real/services/describe-real.ts";
import { freshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { environmentOf } from "../real/services/service-addresses.ts";
import { threeDomains } from "./registration/three-domains.ts";

describeReal("a process with three domains, on Kafka, Postgres and Consul", (services) =>
  threeDomains(async () => {
    const database = await freshDatabase(services.database);
    const own = { DATABASE_URL: database.url, ROLLCALL_NAMESPACE: freshNamespace() };
    return { variables: { ...environmentOf(services), ...own }, close: () => database.drop() };
  }),
);
