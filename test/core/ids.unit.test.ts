import fc from "fast-check";
import { v5, validate, version } from "uuid";
import { expect, it } from "vitest";
import { derivedId } from "../../runtime/core/ids.ts";

const NAMESPACE = "6f7a2c1e-53f0-5d0b-9c55-0c2f6a1f9d37";
const part = fc.oneof(
  fc.string({ unit: "binary", maxLength: 3_000 }),
  fc.string({ unit: "grapheme-ascii", maxLength: 3_000 }),
  fc.uuid(),
  fc.maxSafeInteger(),
  fc.double(),
);

it("derives the UUIDv5 of the parts, however long they are", () => {
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const id = derivedId(...parts);
      expect(id).toBe(v5(JSON.stringify(parts), NAMESPACE));
      expect(validate(id) && version(id) === 5).toBe(true);
    }),
  );
});
