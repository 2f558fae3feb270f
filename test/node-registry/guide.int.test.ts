import { describe } from "vitest";
import { runGuide } from "./guide-session.ts";

describe("the guide's session", () => runGuide());
