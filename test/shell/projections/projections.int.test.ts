import { PgliteStore } from "../../../runtime/adapters/pglite/pglite-store.ts";
import { describeProjections } from "./projection-suite.ts";

describeProjections("PgliteStore", () => PgliteStore.open({ directory: undefined }));
