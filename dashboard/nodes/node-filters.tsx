import { useEffect, useState } from "preact/hooks";
import type { Overview } from "../../app/http/overview/overview.ts";
import { NODE_TYPES } from "../registration/node-types.ts";
import { TextField, ToggleGroup } from "../shared/fields.tsx";
import { formatNumber } from "../shared/format.ts";
import { navigate, pathWithQuery } from "../shared/router.tsx";
import { StateName } from "../shared/state-name.tsx";

const FILTER_NAMES = ["state", "reducer_state", "node_type", "capability", "q"] as const;
export type NodeFilter = Readonly<Partial<Record<(typeof FILTER_NAMES)[number], string>>>;
const TYPING_DELAY_MS = 250;

/** The filters among the parameters of an address. */
export const filterFromQuery = (query: URLSearchParams): NodeFilter =>
  Object.fromEntries(FILTER_NAMES.flatMap((name) => (query.get(name) ? [[name, query.get(name)]] : [])));

const applyFilter = (filter: NodeFilter, options: { readonly replace?: boolean } = {}): void =>
  navigate(pathWithQuery("/nodes", filter), options);

interface NodeFiltersProps {
  readonly filter: NodeFilter;
  readonly states: Overview["states"];
}

/** Which nodes are shown. The filters are in the address, so that a view can be sent to somebody. */
export function NodeFilters({ filter, states }: NodeFiltersProps) {
  const toggle = (name: "state" | "node_type", value: string): void =>
    applyFilter({ ...filter, [name]: filter[name] === value ? "" : value });
  const stateContent = (name: string) => {
    const { kind, entities = null } = states.find((each) => each.name === name) ?? {};
    return (
      <>
        <StateName name={name} kind={kind} /> {entities === null ? "" : formatNumber(entities)}
      </>
    );
  };
  return (
    <search class="node-filters">
      <div class="text-filters">
        <TextFilter name="q" label="Id or name" filter={filter} />
        <TextFilter name="capability" label="Capability" filter={filter} />
        {filter.reducer_state !== undefined && (
          <button aria-pressed onClick={() => applyFilter({ ...filter, reducer_state: "" })}>
            reducer in {filter.reducer_state}
          </button>
        )}
        {Object.keys(filter).length > 0 && <button onClick={() => applyFilter({})}>Show all</button>}
      </div>
      <ToggleGroup
        label="State"
        options={states.map(({ name }) => name)}
        pressed={filter.state}
        onPress={(name) => toggle("state", name)}
        content={stateContent}
      />
      <ToggleGroup
        label="Type"
        options={NODE_TYPES}
        pressed={filter.node_type}
        onPress={(type) => toggle("node_type", type)}
      />
    </search>
  );
}

interface TextFilterProps {
  readonly name: "q" | "capability";
  readonly label: string;
  readonly filter: NodeFilter;
}

/** Applied shortly after the last key press. */
function TextFilter({ name, label, filter }: TextFilterProps) {
  const applied = filter[name] ?? "";
  const [text, setText] = useState(applied);
  useEffect(() => setText(applied), [applied]);
  useEffect(() => {
    if (text.trim() === applied) return;
    const apply = (): void => applyFilter({ ...filter, [name]: text.trim() }, { replace: true });
    const timer = setTimeout(apply, TYPING_DELAY_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return <TextField type="search" label={label} maxLength={255} value={text} onText={setText} />;
}
