const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit" } as const;

/** To the millisecond, with its day where that is not today. */
export function formatTime(at: string): string {
  const time = new Date(at);
  const clock = time.toLocaleTimeString([], { ...CLOCK, hourCycle: "h23", fractionalSecondDigits: 3 });
  return time.toDateString() === new Date().toDateString() ? clock : `${time.toLocaleDateString()} ${clock}`;
}
