import { useEffect, useState } from "preact/hooks";
import type { Overview } from "../../app/http/overview/overview.ts";
import { formatNumber } from "../shared/format.ts";
import { StateName } from "../shared/state-name.tsx";
import { navigate } from "../shared/router.ts";

const FILTER_NAMES = ["state", "reducer_state", "node_type", "capability", "q"] as const;
export type NodeFilter = Readonly<Partial<Record<(typeof FILTER_NAMES)[number], string>>>;
const TYPES = ["effect", "compute", "reducer", "orchestrator"];
const TYPING_DELAY_MS = 250;

/** What of the address is a filter. */
export const filterFromQuery = (query: URLSearchParams): NodeFilter =>
  Object.fromEntries(FILTER_NAMES.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])));

function navigateToFilter(filter: NodeFilter, options: { readonly replace?: boolean } = {}): void {
  const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
  navigate(query.size > 0 ? `/nodes?${query.toString()}` : "/nodes", options);
}

/** Which nodes are shown. It is all in the address, so that a view can be sent to somebody. */
export function NodeFilters({ filter, states }: { readonly filter: NodeFilter; readonly states: Overview["states"] }) {
  const toggle = (name: "state" | "node_type", value: string): void =>
    navigateToFilter({ ...filter, [name]: filter[name] === value ? "" : value });
  return (
    <search class="node-filters">
      <div class="text-filters">
        <TextFilter name="q" label="Id or name" filter={filter} />
        <TextFilter name="capability" label="Capability" filter={filter} />
        {filter.reducer_state !== undefined && (
          <button class="chip" aria-pressed onClick={() => navigateToFilter({ ...filter, reducer_state: "" })}>
            reducer in {filter.reducer_state}
          </button>
        )}
        {Object.keys(filter).length > 0 && (
          <button class="chip" onClick={() => navigateToFilter({})}>
            Show all
          </button>
        )}
      </div>
      <div role="group" aria-label="State" class="chips">
        {states.map(({ name, kind, nodes }) => (
          <button key={name} class="chip" aria-pressed={filter.state === name} onClick={() => toggle("state", name)}>
            <StateName name={name} kind={kind} /> {nodes === null ? "" : formatNumber(nodes)}
          </button>
        ))}
      </div>
      <div role="group" aria-label="Type" class="chips">
        {TYPES.map((type) => (
          <button
            key={type}
            class="chip"
            aria-pressed={filter.node_type === type}
            onClick={() => toggle("node_type", type)}
          >
            {type}
          </button>
        ))}
      </div>
    </search>
  );
}

function TextFilter({
  name,
  label,
  filter,
}: {
  readonly name: "q" | "capability";
  readonly label: string;
  readonly filter: NodeFilter;
}) {
  const applied = filter[name] ?? "";
  const [text, setText] = useState(applied);
  useEffect(() => setText(applied), [applied]);
  useEffect(() => {
    if (text.trim() === applied) return;
    const timer = setTimeout(
      () => navigateToFilter({ ...filter, [name]: text.trim() }, { replace: true }),
      TYPING_DELAY_MS,
    );
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label>
      {label}{" "}
      <input type="search" maxLength={255} value={text} onInput={({ currentTarget }) => setText(currentTarget.value)} />
    </label>
  );
}
