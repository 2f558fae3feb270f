import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { type ContractPath, type ContractPlaces, diagnosticAt, type SourceRef } from "./contract-source.ts";
import { valueAt } from "./schema-issues.ts";

/** A part of a contract whose shape is not known to be right: every question about it has an answer. */
export class UncheckedNode implements SourceRef {
  readonly source: ContractPlaces;
  readonly value: unknown;
  readonly path: ContractPath;

  constructor(source: ContractPlaces, value: unknown, path: ContractPath = []) {
    this.source = source;
    this.value = value;
    this.path = path;
  }

  get isPresent(): boolean {
    return this.value !== undefined;
  }
  at(key: string | number): UncheckedNode {
    return new UncheckedNode(this.source, valueAt(this.value, [key]), [...this.path, key]);
  }
  /** The first of these keys that is there; the first of all where none is. */
  first(...keys: readonly [string, ...string[]]): UncheckedNode {
    return this.at(keys.find((key) => this.at(key).isPresent) ?? keys[0]);
  }
  items(key: string): readonly UncheckedNode[] {
    const list = this.at(key);
    return Array.isArray(list.value) ? list.value.map((_, index) => list.at(index)) : [];
  }
  text(): string | undefined {
    return typeof this.value === "string" ? this.value : undefined;
  }

  contradiction(message: string, other: UncheckedNode, what: string, part: "key" | "value" = "value"): Diagnostic {
    const { source, path } = this;
    return diagnosticAt("RC010", { source, path, part }, message, { related: [{ at: other, message: what }] });
  }
  missingKey(message = `the key ${String(this.path.at(-1))} is missing`): Diagnostic {
    return diagnosticAt("RC006", this, message);
  }
}
