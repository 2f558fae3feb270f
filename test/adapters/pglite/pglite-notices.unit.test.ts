import { PgliteNotices } from "../../../runtime/adapters/pglite/pglite-notices.ts";
import { describeNotices } from "../sql/notices-conformance.ts";

describeNotices("PgliteNotices", () => new PgliteNotices());
