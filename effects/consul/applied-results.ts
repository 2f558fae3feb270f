import type { ConsulCheck, ConsulNode, ConsulService, OperationResult } from "./transaction.ts";

/**
 * Reads by hand what the schema `AppliedResponse` reads: answers have up to 64 results, and come many times a second.
 * Pure.
 * @returns an equal value, or undefined: the schema refuses it, or drops the key `__proto__`
 */
export function readAppliedResults(json: unknown): { Results: OperationResult[] | null } | undefined {
  const given = isObject(json) ? json["Results"] : undefined;
  if (given === null) return { Results: null };
  if (!Array.isArray(given)) return undefined;
  const read: OperationResult[] = [];
  for (const each of given) {
    const result = readResult(each);
    if (result === undefined) return undefined;
    read.push(result);
  }
  return { Results: read };
}

function readResult(json: unknown): OperationResult | undefined {
  if (!isObject(json)) return undefined;
  const result: { -readonly [Part in keyof OperationResult]: OperationResult[Part] } = {};
  if (json["Node"] !== undefined && !(result.Node = readNode(json["Node"]))) return undefined;
  if (json["Service"] !== undefined && !(result.Service = readService(json["Service"]))) return undefined;
  if (json["Check"] !== undefined && !(result.Check = readCheck(json["Check"]))) return undefined;
  return result;
}

function readNode(json: unknown): ConsulNode | undefined {
  if (!isObject(json)) return undefined;
  const { Node, Address, Meta, ModifyIndex } = json;
  if (!isText(Node) || !isText(Address) || !isMeta(Meta) || !isNumber(ModifyIndex)) return undefined;
  return Meta === undefined ? { Node, Address, ModifyIndex } : { Node, Address, Meta, ModifyIndex };
}

function readService(json: unknown): ConsulService | undefined {
  if (!isObject(json)) return undefined;
  const { ID, Service, Meta, ModifyIndex } = json;
  if (!isText(ID) || !isText(Service) || !isMeta(Meta) || !isNumber(ModifyIndex)) return undefined;
  return Meta === undefined ? { ID, Service, ModifyIndex } : { ID, Service, Meta, ModifyIndex };
}

function readCheck(json: unknown): ConsulCheck | undefined {
  if (!isObject(json)) return undefined;
  const { CheckID, Name, ModifyIndex } = json;
  return isText(CheckID) && isText(Name) && isNumber(ModifyIndex) ? { CheckID, Name, ModifyIndex } : undefined;
}

const isObject = (json: unknown): json is Record<string, unknown> =>
  typeof json === "object" && json !== null && !Array.isArray(json);
const isText = (json: unknown): json is string => typeof json === "string";
/** JSON has no NaN, and `1e999` is read as infinite. */
const isNumber = (json: unknown): json is number => typeof json === "number" && Number.isFinite(json);

function isMeta(json: unknown): json is Record<string, string> | null | undefined {
  if (json === undefined || json === null) return true;
  if (!isObject(json)) return false;
  for (const name in json) if (typeof json[name] !== "string" || name === "__proto__") return false;
  return true;
}
