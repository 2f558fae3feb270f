import { durationMs } from "../language/schema-parts.ts";
import { valueAt, type ContentProblem } from "./schema-issues.ts";
import type { ContractPath } from "./contract-source.ts";

/** A part of a contract whose shape is not known to be right: every question about it has an answer. */
export class UncheckedNode {
  readonly #root: unknown;
  readonly path: ContractPath;

  constructor(root: unknown, path: ContractPath = []) {
    this.#root = root;
    this.path = path;
  }

  get #value(): unknown {
    return valueAt(this.#root, this.path);
  }
  get isPresent(): boolean {
    return this.#value !== undefined;
  }
  at(key: string | number): UncheckedNode {
    return new UncheckedNode(this.#root, [...this.path, key]);
  }
  items(key: string): readonly UncheckedNode[] {
    const list = this.at(key).#value;
    return Array.isArray(list) ? list.map((_, index) => this.at(key).at(index)) : [];
  }
  text(): string | undefined {
    return typeof this.#value === "string" ? this.#value : undefined;
  }
  /** The texts of one value or of a list of them. */
  texts(): readonly string[] {
    const all: readonly unknown[] = Array.isArray(this.#value) ? this.#value : [this.#value];
    return all.filter((each) => typeof each === "string");
  }
  isTrue(): boolean {
    return this.#value === true;
  }
  milliseconds(): number | undefined {
    return durationMs(this.text() ?? "");
  }

  contradiction(message: string, other: UncheckedNode, what: string, part: "key" | "value" = "value"): ContentProblem {
    return { code: "RC010", message, path: this.path, part, related: { path: other.path, message: what } };
  }
  missingKey(key: string, message = `the key ${key} is missing`): ContentProblem {
    return { code: "RC006", message, path: [...this.path, key] };
  }
}
