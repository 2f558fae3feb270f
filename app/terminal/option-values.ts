import { type Command, InvalidArgumentError } from "commander";

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

/** `--module`, for a command that needs the code of domains. */
export const withModuleOption = (command: Command): Command =>
  command.option(
    "--module <name>",
    "a shipped module, a file or a package; repeatable (default: those of rollcall.config.json, else all shipped ones)",
    (name: string, names: readonly string[] = []) => [...names, name],
  );
