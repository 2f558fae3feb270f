import type { Mutant } from "./mutants.ts";

const LINKS = "app/http/gateway/share-links.ts";
const STREAM = "app/http/gateway/stream.ts";
const OF_LINKS = "test/gateway/share-links.int";
const OF_TEXTS = "test/core/share-link.unit";
const OF_CHECKS = "test/gateway/link-checks.unit";

/** Of links that open an entity for whoever has them. */
export const LINK_MUTANTS: readonly Mutant[] = [
  {
    defect: "a link that anybody has changed opens what it says",
    promise: "G16",
    file: "runtime/core/share-link.ts",
    find: "if (!key || !timingSafeEqual(Buffer.from(macOf(key, body)), Buffer.from(mac))) return undefined;",
    replace: "if (!key || !timingSafeEqual(Buffer.from(mac), Buffer.from(mac))) return undefined;",
    tests: [OF_TEXTS],
  },
  {
    defect: "a link opens every entity",
    promise: "G16",
    file: LINKS,
    find: "entityId === opened.entityId &&",
    replace: "opened.entityId !== undefined &&",
    tests: [OF_LINKS],
  },
  {
    defect: "a link opens every call that takes links",
    promise: "G16",
    file: LINKS,
    find: "operations.includes(opened.operation) &&",
    replace: "operations.length > 0 &&",
    tests: [OF_LINKS],
  },
  {
    defect: "a link never expires",
    promise: "G16",
    file: LINKS,
    find: "context.clock.wallMs() < expiresAtMs;",
    replace: "expiresAtMs > 0;",
    tests: [OF_LINKS],
  },
  {
    defect: "a stream that a link has opened goes on when it has expired",
    promise: "G16",
    file: LINKS,
    find: "door: NOBODY, isKnown: isOpen }",
    replace: "door: NOBODY, isKnown: () => true }",
    tests: [OF_LINKS],
  },
  {
    defect: "a link that is none is looked over where somebody is known",
    promise: "G16",
    file: LINKS,
    find: "  if (!caller)\n",
    replace: "  if (!caller && request.caller.role) return;\n  if (!caller)\n",
    tests: [OF_LINKS],
  },
  {
    defect: "of a link that stands twice the first one counts",
    promise: "G16",
    file: LINKS,
    find: "  const { [linkParameter]: text, ...others } = query;",
    replace: "  const { [linkParameter]: all, ...others } = query;\n  const [text] = [all].flat();",
    tests: [OF_LINKS],
  },
  {
    defect: "a link is given to the functions of the call",
    promise: "G16",
    file: LINKS,
    find: "  request.query = others;",
    replace: "  void others;",
    tests: [OF_LINKS],
  },
  {
    defect: "a link is made for longer than the contract lets it",
    promise: "G16",
    file: LINKS,
    find: "ms <= atMostMs) return ms;",
    replace: "ms >= 0) return ms;",
    tests: [OF_LINKS],
  },
  {
    defect: "a link is made by whoever may not act for its entity",
    promise: "G16",
    file: LINKS,
    find: "  assertMayActFor(request.caller, entity.id);\n",
    replace: "",
    tests: [OF_LINKS],
  },
  {
    defect: "a stream of one entity has the events of all",
    promise: "G16",
    file: STREAM,
    find: "!((allEntities && !entity) || mayRead(entity_id))",
    replace: "!(entity || allEntities || mayRead(entity_id))",
    tests: [OF_LINKS],
  },
  {
    defect: "a stream of one entity begins with its next event",
    promise: "G15",
    file: STREAM,
    find: "if (begun) from[begun.partition] =",
    replace: "if (begun && from.length === 0) from[begun.partition] =",
    tests: [OF_LINKS],
  },
  {
    defect: "a link names what takes no link",
    promise: "G16",
    file: "runtime/contract/checks/check-links.ts",
    find: "  if (!call.linkParameter)\n",
    replace: "  if (!call.linkParameter && !call.route)\n",
    tests: [OF_CHECKS],
  },
];
