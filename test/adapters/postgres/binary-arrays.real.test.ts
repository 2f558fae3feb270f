import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresStore } from "../../../runtime/adapters/postgres/postgres-store.ts";
import type { SqlValue } from "../../../runtime/ports/store.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { freshDatabase, type FreshDatabase } from "../../real/services/fresh-database.ts";

const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }), fc.constant("\ud800 alone"));
const time = fc.date({ noInvalidDate: true, min: new Date(-1e14), max: new Date(5e14) });

/** What is sent in either form; also what a type refuses. */
const elements: Record<string, fc.Arbitrary<SqlValue>> = {
  text,
  json: fc.oneof(fc.json(), { weight: 1, arbitrary: text }),
  int: fc.oneof(fc.integer(), fc.constantFrom(0, -0, 2 ** 31 - 1, -(2 ** 31)), fc.constantFrom(2 ** 31, 1.5)),
  bigint: fc.oneof(
    fc.maxSafeInteger(),
    fc.constantFrom(2 ** 53 - 1, 1 - 2 ** 53, -1, -(2 ** 32), 2 ** 32),
    fc.double(),
  ),
  float8: fc.double(),
  boolean: fc.boolean(),
  bytea: fc.uint8Array(),
  uuid: fc.oneof(
    fc.uuid(),
    fc.uuid().map((id) => id.toUpperCase()),
    fc.constantFrom("no uuid", "{6ba7b8109dad11d180b400c04fd430c8}"),
  ),
  timestamptz: fc.oneof(
    time,
    time.map((at) => at.toISOString()),
    fc.constantFrom("2026-02-30T00:00:00.000Z", "2026-03-01 12:00:00.000001+02", "infinity"),
  ),
};

describeReal("Arrays in binary", (services) => {
  let database: FreshDatabase;
  let store: PostgresStore;
  beforeAll(async () => {
    database = await freshDatabase(services.database);
    store = new PostgresStore({ url: database.url });
  });
  afterAll(async () => {
    await store.close();
    await database.drop();
  });

  /** What the server understood: the elements' text, or the SQLSTATE with which it refused. */
  const understood = async (array: string, values: readonly SqlValue[]): Promise<unknown> =>
    store
      .query<{ text: string | null }>(
        `select value::text as text from unnest(${array}) with ordinality as u(value, at) order by at`,
        [values],
      )
      .then((rows) => rows.map((row) => row.text))
      .catch((error: Error & { code: string; cause: { code: string } }) => [error.code, error.cause.code]);

  describe("mean to the server what their text means", () => {
    it.each(Object.entries(elements))("%s", async (type, element) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.option(element, { freq: 8 }), { maxLength: 12 }), async (values) => {
          // A cast that is written differently is not known as one: the array goes as text.
          const [binary, text] = [
            await understood(`$1::${type}[]`, values),
            await understood(`cast($1 as ${type}[])`, values),
          ];
          // Of several wrong elements the two forms need not come upon the same one first.
          expect(refusal(binary) ?? binary).toEqual(refusal(text) ?? text);
        }),
        { numRuns: 150 },
      );
    });
  });

  const refusal = (found: unknown): unknown =>
    Array.isArray(found) && found[0] === "STORE_REFUSED" ? "refused" : undefined;

  it("are refused as their text is", async () => {
    const refused: readonly (readonly [string, SqlValue, string])[] = [
      ["uuid", "no uuid", "22P02"],
      ["json", "{", "22P02"],
      ["text", "a\0b", "22021"],
      ["int", 2 ** 31, "22003"],
      ["timestamptz", "2026-02-30T00:00:00.000Z", "22008"],
    ];
    for (const [type, value, state] of refused)
      expect(await understood(`$1::${type}[]`, [value])).toEqual(["STORE_REFUSED", state]);
  });
});
