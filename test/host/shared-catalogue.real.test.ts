import { describeReal } from "../real/services/describe-real.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { testSharedCatalogue } from "./consul/shared-catalogue.ts";

describeReal("two domains on one Consul", ({ consul }) =>
  testSharedCatalogue(() => ({ CONSUL_HTTP_ADDR: consul, ROLLCALL_NAMESPACE: freshNamespace() }), true),
);
