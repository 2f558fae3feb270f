import type { DomainView } from "../../app/http/server/domains.ts";
import { formatNumber } from "../shared/format.ts";
import { Link } from "../shared/router.tsx";
import type { ListedDomain } from "./domain.ts";
import "./domain-switch.css";

interface DomainSwitchProps {
  readonly shown: ListedDomain | undefined;
  readonly domains: readonly { readonly domain: ListedDomain; readonly view: DomainView }[];
}

/** Leads to each domain that is served, and says what is in it. */
export function DomainSwitch({ shown, domains }: DomainSwitchProps) {
  const failed = domains.filter(({ view }) => view.failure !== null);
  return (
    <details class="domain-switch">
      <summary>
        Domain{shown ? " " : "s"}
        <strong>{shown?.name}</strong>
        {failed.length > 0 && <span class="failed">, failed: {failed.map(({ view }) => view.name).join(", ")}</span>}
      </summary>
      <ul aria-label="Domains">
        {domains.map(({ domain, view }) => (
          <li key={view.name}>
            <Link to={domain.page("/")} aria-current={domain === shown ? "page" : undefined}>
              {view.name}
            </Link>{" "}
            <span class={view.failure === null ? "note" : "failed"}>
              {view.failure === null ? describeStates(view) : `failed: ${view.failure}`}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Only states in which there are entities. */
function describeStates({ states }: DomainView): string {
  if (states === null) return "The store can't be asked.";
  const counts = Object.entries(states).flatMap(([name, count]) => (count > 0 ? `${name} ${formatNumber(count)}` : []));
  return counts.join(", ") || "empty";
}
