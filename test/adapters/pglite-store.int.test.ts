import { PgliteStore } from "../../runtime/adapters/pglite-store.ts";
import { describeStore } from "./store-conformance.ts";

describeStore("PgliteStore", { open: () => PgliteStore.open({ directory: undefined }) });
