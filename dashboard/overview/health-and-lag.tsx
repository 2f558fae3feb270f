import type { Overview } from "../../app/http/overview/overview.ts";
import { formatNumber } from "../shared/format.ts";

/**
 * Whether each part of the system works, and how many messages each partition has not processed yet. Why partitions or
 * the catalogue don't is among the troubles above.
 */
export function HealthAndLag({ overview: { parts, lag } }: { readonly overview: Overview }) {
  const { bus, store, catalogue, partitions, contracts } = parts;
  const { owned } = partitions;
  const total = lag.reduce((sum, { messages }) => sum + messages, 0);
  const checks = [
    ["bus", bus.ok, bus.reason ?? "reachable"],
    ["store", store.ok, store.reason ?? "reachable"],
    ...(catalogue ? [["catalogue", catalogue.ok, catalogue.ok ? "reachable" : "not reachable"] as const] : []),
    ["partitions", partitions.ok, owned === 0 ? "none served here" : `${owned} of ${partitions.of} served here`],
    ["contracts", contracts.ok, contracts.hash.slice(0, 12)],
  ] as const;
  return (
    <div class="health-and-lag">
      <section class="card" aria-label="Health">
        <h2>Health</h2>
        <table>
          <tbody>
            {checks.map(([name, ok, detail]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class={ok ? "healthy" : "unhealthy"}>{ok ? "Healthy" : "Unhealthy"}</td>
                <td>{detail}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section class="card" aria-label="Lag by partition">
        <h2>Lag: {formatNumber(total)} messages not processed yet</h2>
        {lag.length === 0 && <p class="note">This process serves no partitions.</p>}
        <ul class="lag-by-partition">
          {lag.map(({ partition, messages }) => (
            <li key={partition} class={messages > 0 ? "behind" : ""}>
              <span>partition {partition}</span> <strong>{formatNumber(messages)}</strong>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
