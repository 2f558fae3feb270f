import { describe } from "vitest";
import { testSharedCatalogue } from "./consul/shared-catalogue.ts";

describe("two domains on the table catalogue", () => testSharedCatalogue(() => ({})));
