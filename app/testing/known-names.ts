import { didYouMean } from "../../runtime/contract/diagnostics/did-you-mean.ts";

/** Of a name that does not exist: lists those that do. @param what such as `message` */
export function unknownName(what: string, name: string, known: Iterable<string>): Error {
  const names = [...known];
  const meant = didYouMean(name, names);
  const list = names.length === 0 ? "there is none" : `known are ${names.join(", ")}`;
  return new Error(`no ${what} ${name}: ${list}${meant === undefined ? "" : `; did you mean ${meant}?`}`);
}
