import { bytes } from "./fixtures/bytes.ts";
import { envelope } from "./fixtures/envelope.ts";
import { fields } from "./fixtures/fields.ts";
import { names } from "./fixtures/names.ts";
import type { RecordFixture } from "./record-fixture.ts";

/** Every bad message, whatever it is sent through. */
export const records: readonly RecordFixture[] = [...bytes, ...names, ...envelope, ...fields];

export const titleOf = ({ group, item, name }: RecordFixture): string => `${group}: ${item}: ${name}`.slice(0, 120);
