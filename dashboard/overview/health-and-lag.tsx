import type { Overview } from "../../app/http/overview/overview.ts";
import { amount } from "../shared/format.ts";

/** Whether each part can do its work, and how far each partition is behind. */
export function OverviewParts({ overview: { parts, lag } }: { readonly overview: Overview }) {
  const { bus, store, catalogue, partitions, contracts } = parts;
  const said = [
    ["bus", bus.ok, bus.reason ?? "answers"],
    ["store", store.ok, store.reason ?? "answers"],
    ["catalogue", catalogue.ok, catalogue.reason ?? "answers"],
    ["partitions", partitions.ok, partitions.reason ?? `${partitions.owned} of ${partitions.of} served here`],
    ["contracts", contracts.ok, contracts.hash.slice(0, 12)],
  ] as const;
  return (
    <div class="overview-parts">
      <section class="card" aria-label="Parts">
        <h2>Parts</h2>
        <table>
          <tbody>
            {said.map(([name, ok, detail]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class={ok ? "well" : "ill"}>{ok ? "well" : "in trouble"}</td>
                <td>{detail}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <section class="card" aria-label="Lag by partition">
        <h2>Lag: {amount(lag.reduce((sum, { messages }) => sum + messages, 0))} messages not taken in yet</h2>
        {lag.length === 0 && <p class="note">This process serves no partition.</p>}
        <ul class="lags">
          {lag.map(({ partition, messages }) => (
            <li key={partition} class={messages > 0 ? "behind" : ""}>
              <span>partition {partition}</span> <strong>{amount(messages)}</strong>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
