import { z } from "zod";
import { NO_ENTITY } from "../../core/domain.ts";
import { formatEventPattern } from "../language/event-pattern.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { awaitedPublishes, statesWithDeadline } from "../model/events.ts";
import type { ExpressionScope } from "./expression-types.ts";

const enumOf = (names: Iterable<string>) => {
  const [first, ...rest] = new Set(names);
  return first === undefined ? z.string() : z.enum([first, ...rest]);
};

/** The paths of a `never`, with every name that they may be compared with. */
export function invariantScope(model: DomainModel): ExpressionScope {
  const { orchestrator, reducer, effects } = model;
  const shape = {
    orchestrator: enumOf([...orchestrator.states.keys()].filter((state) => state !== NO_ENTITY)),
    reducer: enumOf(reducer.states.keys()),
    seen: z.array(enumOf(seenNames(model))),
    owed: z.array(enumOf(effects.flatMap(({ intent, compensatedBy }) => (compensatedBy ? [intent.name] : [])))),
  };
  return { payloads: [shape], state: model.code.reducer.schema.shape, subject: "an invariant" };
}

/** Everything that may come in or go out in an attempt, by the names that contracts use. */
function seenNames(model: DomainModel): readonly string[] {
  const { consumed, published, effects } = model;
  const failing = effects.filter(({ mayFail }) => mayFail).map(({ intent }) => intent.name);
  const deadlines = statesWithDeadline(model).map(({ deadline }) => deadline.name);
  return [
    ...[...consumed, ...published, ...effects.flatMap(({ outputs }) => outputs)].map(({ name }) => name),
    ...failing.map((subject) => formatEventPattern({ kind: "failed", subject })),
    ...awaitedPublishes(model).map(({ name }) => name),
    ...deadlines.map((subject) => formatEventPattern({ kind: "deadline", subject })),
  ];
}
