import { z } from "zod";
import { NO_ENTITY } from "../../core/domain.ts";
import type { DomainModel } from "../model/domain-model.ts";
import type { ExpressionScope } from "./expression-types.ts";

const enumOf = (names: Iterable<string>) => {
  const [first, ...rest] = new Set(names);
  return first === undefined ? z.string() : z.enum([first, ...rest]);
};

/** What a `never` may speak of, with every name that it may compare with. */
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
function seenNames({ consumed, published, effects, orchestrator, handlers, triggers }: DomainModel): readonly string[] {
  const deadlines = [...orchestrator.states.values()].flatMap(({ deadline }) => deadline?.name ?? []);
  const patterns = [
    ...orchestrator.transitions.map(({ trigger }) => trigger.name),
    ...handlers.map(({ event }) => event.name),
    ...triggers.map(({ event }) => event.name),
  ];
  return [
    ...[...consumed, ...published].map(({ name }) => name),
    ...effects.flatMap(({ outputs }) => outputs.map(({ name }) => name)),
    ...effects.filter(({ mayFail }) => mayFail).map(({ intent }) => `failed(${intent.name})`),
    ...patterns.filter((name) => name.startsWith("published(")),
    ...deadlines.map((name) => `deadline(${name})`),
  ];
}
