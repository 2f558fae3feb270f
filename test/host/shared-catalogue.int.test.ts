import { describe } from "vitest";
import { testSharedCatalogue } from "./shared-catalogue.ts";

describe("two domains on the table catalogue", () => testSharedCatalogue(() => ({})));
