import fc from "fast-check";
import { expect, it } from "vitest";
import { compileDomain } from "../../../runtime/contract/compile/compile-domain.ts";
import { UNREAD, diagnosed, editedModel, shippedCode, texts } from "./registration/edited.ts";

const NAMES = { env: "dev", namespace: "" };
const code = shippedCode();
const shipped = texts();
const words = [...new Set(shipped.flatMap(({ text }) => text.match(/[A-Za-z_.]{3,}/g) ?? []))];

/** One word of one file becomes another word of the contracts: mostly a name where it does not belong. */
const exchange = fc.record({
  file: fc.nat(shipped.length - 1),
  position: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  by: fc.constantFrom(...words),
});

it("finds words for whatever a contract says, and what it lets pass can be compiled", () => {
  const property = fc.property(fc.array(exchange, { minLength: 1, maxLength: 4 }), (exchanges) => {
    const edits = exchanges.map(({ file, position, by }) => {
      const at = Math.floor(position * (shipped[file]?.text.length ?? 0));
      const start = shipped[file]?.text.slice(at) ?? "";
      const word = /[A-Za-z_.]{3,}/.exec(start)?.[0] ?? "name";
      return { file: shipped[file]!.file, replace: word, by };
    });
    try {
      const said = diagnosed(edits, code);
      expect(said.every(({ line, column, width }) => line > 0 && column > 0 && width > 0)).toBe(true);
      if (said.every(({ severity }) => severity === "warning")) compileDomain(editedModel(edits, code), NAMES);
    } catch (error) {
      // An exchange may have nothing left to replace, or leave no contract to check.
      if (!(error instanceof Error) || !(error.message === UNREAD || error.message.includes(" has no "))) throw error;
    }
  });
  fc.assert(property, { numRuns: 60 });
}, 60_000);
