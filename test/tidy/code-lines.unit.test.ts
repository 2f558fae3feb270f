import { expect, it } from "vitest";
import { codeLines } from "./code-lines.ts";

it("counts lines with code, whatever else stands in them", () =>
  expect(codeLines("// why\nconst a = 1; // one\n\n/* two */\n/**\n * three\n */\nf(\n  a,\n);\n")).toBe(4));
