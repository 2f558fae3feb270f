import { type Command, InvalidArgumentError } from "commander";
import { fromRfc3339, toRfc3339 } from "../../runtime/core/time.ts";

export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("a whole number from 1 to 9999999");
  return Number(text);
}

/** @param maxName how a refusal names the maximum */
export const parseNumberUpTo =
  (max: number, maxName = String(max)) =>
  (text: string): number => {
    const value = Number(text);
    if (!(value > 0 && value <= max)) throw new InvalidArgumentError(`a number above 0, at most ${maxName}`);
    return value;
  };

/** @returns RFC 3339, UTC */
export function parseTime(text: string): string {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
  const ms = fromRfc3339(day);
  if (ms === undefined) throw new InvalidArgumentError("a day or a time, such as 2026-01-31 or 2026-01-31T12:00:00Z");
  return toRfc3339(ms);
}

/** `--module`, for a command that needs the code of domains. */
export const withModuleOption = (command: Command): Command =>
  command.option(
    "--module <name>",
    "a shipped module, a file or a package; repeatable (default: those of rollcall.config.json, else all shipped ones)",
    (name: string, names: readonly string[] = []) => [...names, name],
  );
