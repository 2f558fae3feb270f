// What `import ... from "rollcall/testing"` gives: a module's domain in memory, for tests in any framework.
export type { EmittedEvent } from "../../runtime/core/emission.ts";
export type { Entity } from "../../runtime/core/entity.ts";
export type { Row } from "../../runtime/core/projection.ts";
export type { Answered, Asked } from "./memory-gateway.ts";
export { type Decision, type SentMessage } from "./decision.ts";
export { memoryServiceCatalog } from "../../effects/service-catalog/memory-catalog.ts";
export type { TestDomain } from "./memory-domain.ts";
export type { StoredState } from "./stored-data.ts";
export { testDomain, type TestDomainOptions } from "./load-domain.ts";
