import { PgliteLocks } from "../../../runtime/adapters/pglite/pglite-locks.ts";
import { describeLocks } from "../sql/locks-conformance.ts";

describeLocks("PgliteLocks", () => new PgliteLocks());
