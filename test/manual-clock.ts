export { ManualClock } from "../app/testing/manual-clock.ts";
