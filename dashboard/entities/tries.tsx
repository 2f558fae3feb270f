import type { TimelineItem } from "../../app/http/entities/timeline.ts";
import { formatExactTime, formatMeasuredMs } from "../shared/format.ts";

/** The calls for an intent that was not done with the first one. */
export function Tries({ tries }: { readonly tries: TimelineItem["tries"] }) {
  if (tries.length === 0) return null;
  return (
    <ul class="tries">
      {tries.map(({ at, ms, code, error }) => (
        <li key={at} class={code === undefined ? undefined : "failed"}>
          <time dateTime={at}>{formatExactTime(at)}</time> {code === undefined ? "done" : `${code}: ${error ?? ""}`}
          <span class="note">, after {formatMeasuredMs(ms)}</span>
        </li>
      ))}
    </ul>
  );
}
