import type { DoorPart } from "../../core/door.ts";
import type { Path } from "../../core/expression.ts";
import type { DomainModel, HandlerModel, RowModel } from "./domain-model.ts";

/** Every path of a row's condition, on either side of a test. */
const pathsOfRow = ({ when }: Pick<RowModel, "when">): readonly Path[] =>
  when && "expression" in when.parsed
    ? when.parsed.expression.any.flat().flatMap(({ path, value }) => (value?.kind === "path" ? [path, value] : [path]))
    : [];

const DOOR_PARTS: readonly string[] = ["caller", "loaded"] satisfies DoorPart[];

/** What the handler in code declares to read of a message's door. */
export const readInCode = ({ code }: DomainModel, { handler }: HandlerModel): readonly string[] =>
  (handler.unknown ? undefined : code.handlers[handler.name])?.reads ?? [];

/** What decides about the message by its rows or in code reads of its door. */
const doorPartsOf = (model: DomainModel, handler: HandlerModel): readonly string[] => [
  ...readInCode(model, handler),
  ...handler.rows.flatMap(pathsOfRow).flatMap(({ root }) => (DOOR_PARTS.includes(root) ? [root] : [])),
];

/** What is read of the door of a consumed event. */
const doorPartsReadOf = (model: DomainModel, name: string): readonly string[] =>
  model.handlers.flatMap((handler) => (handler.event.name === name ? doorPartsOf(model, handler) : []));

/** The consumed events of which the door is read. */
export const doorReaders = (model: DomainModel) =>
  model.consumed.filter(({ name }) => doorPartsReadOf(model, name).length > 0);

/** Those of which nothing is read but who sent them. */
export const onlyCallerRead = (model: DomainModel): ReadonlySet<string> =>
  new Set(
    doorReaders(model)
      .filter(({ name }) => doorPartsReadOf(model, name).every((part) => part === "caller"))
      .map(({ written }) => written),
  );

/** What the handler in code declares to refuse with. */
export const refusedInCode = ({ code }: DomainModel, { handler }: HandlerModel): readonly string[] =>
  (handler.unknown ? undefined : code.handlers[handler.name])?.refusals ?? [];

/** What a message may be refused with, by its rows or in code. */
export const refusalsOf = (model: DomainModel, handler: HandlerModel): readonly string[] => [
  ...handler.rows.flatMap(({ refusal }) => refusal?.name ?? []),
  ...refusedInCode(model, handler),
];
