import { describeReal } from "../real/services/describe-real.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { runGuide } from "./guide-session.ts";

describeReal("the guide's session, with Consul", ({ consul }) =>
  runGuide({ CONSUL_HTTP_ADDR: consul, ROLLCALL_NAMESPACE: freshNamespace() }, ['"role": "worker-node"']),
);
