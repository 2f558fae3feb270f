// Preloaded into the program: SIGUSR2 moves its wall clock by CLOCK_SHIFT_MS; CLOCK_SHIFT_AT_START=1 does so at once.
// It covers every `Date` of the process, libraries included. Monotonic time stays, as when an administrator sets a
// clock.
const shiftMs = Number(process.env.CLOCK_SHIFT_MS ?? 0);
let movedMs = process.env.CLOCK_SHIFT_AT_START === "1" ? shiftMs : 0;
process.on("SIGUSR2", () => (movedMs += shiftMs));

const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + movedMs);
    else super(...given);
  }
  static now() {
    return RealDate.now() + movedMs;
  }
};
