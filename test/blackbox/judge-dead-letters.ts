import type { Evidence } from "./evidence.ts";
import { place, placeOf } from "./inputs.ts";

/** G11. Reports nothing where inputs can't be read. */
export function judgeDeadLetters({ inputs, deadLetters, suspects = new Set(), poison = [] }: Evidence): string[] {
  if (!inputs || !deadLetters) return [];
  const broken: string[] = [];
  const inputAt = new Map(inputs.map((record) => [place(record), record]));
  const first = new Map<string, string>();
  for (const { value, key, headers } of deadLetters) {
    const where = placeOf(headers);
    const input = inputAt.get(where);
    const content = JSON.stringify([String(value), String(key), Object.entries(headers).sort()]);
    const known = first.get(where);
    if (known !== undefined && known !== content) broken.push(`G11 ${where}: dead-lettered twice, in different ways`);
    first.set(where, content);
    if (!input) broken.push(`G11 ${where}: dead-lettered, and nothing lies there`);
    else if (!suspects.has(String(input.value)))
      broken.push(
        `G11 ${where}: a good message was dead-lettered (${headers["dlq_error_code"]}: ${headers["dlq_error"]})`,
      );
    else if (headers["dlq_truncated"] === undefined && input.value?.equals(value ?? Buffer.of()) === false)
      broken.push(`G11 ${where}: its dead letter has other bytes`);
  }
  for (const where of poison)
    if (!first.has(where)) broken.push(`G11 ${where}: it can't be processed, and is in no dead letter`);
  return broken;
}
