import type { Overview } from "../../app/http/overview/overview.ts";
import { type EntityFilter, type FilterProps, useDomain } from "../domains/domain.ts";
import { ToggleGroup } from "../shared/fields.tsx";
import { formatNumber } from "../shared/format.ts";
import { navigate, pathWithQuery } from "../shared/router.tsx";
import { StateName } from "../shared/state-name.tsx";
import { TextFilter } from "../shared/text-filter.tsx";

const COMMON_NAMES = ["state", "reducer_state", "q"] as const;

/** The filters among the parameters of an address. */
export const filterFromQuery = (query: URLSearchParams, ownNames: readonly string[]): EntityFilter =>
  Object.fromEntries(
    [...COMMON_NAMES, ...ownNames].flatMap((name) => {
      const value = query.get(name);
      return value ? [[name, value]] : [];
    }),
  );

interface EntityFiltersProps {
  readonly filter: EntityFilter;
  readonly states: Overview["states"];
}

/** Which entities are shown. The filters are in the address, so that a view can be sent to somebody. */
export function EntityFilters({ filter, states }: EntityFiltersProps) {
  const { parts, entitiesPage } = useDomain();
  const { state: pressed, reducer_state: reducerState } = filter;
  const apply: FilterProps["apply"] = (change, options) =>
    navigate(pathWithQuery(entitiesPage(), { ...filter, ...change }), options);
  const stateContent = (name: string) => {
    const { kind, entities = null } = states.find((each) => each.name === name) ?? {};
    return (
      <>
        <StateName name={name} kind={kind} /> {entities === null ? "" : formatNumber(entities)}
      </>
    );
  };
  return (
    <search class="entity-filters">
      <div class="text-filters">
        <TextFilter
          label={parts.searchLabel}
          applied={filter["q"] ?? ""}
          onApply={(q) => apply({ q }, { replace: true })}
        />
        {reducerState !== undefined && (
          <button aria-pressed onClick={() => apply({ reducer_state: "" })}>
            reducer in {reducerState}
          </button>
        )}
        {Object.keys(filter).length > 0 && <button onClick={() => navigate(entitiesPage())}>Show all</button>}
      </div>
      <ToggleGroup
        label="State"
        options={states.map(({ name }) => name)}
        pressed={pressed}
        onPress={(name) => apply({ state: pressed === name ? "" : name })}
        content={stateContent}
      />
      <parts.Filters filter={filter} apply={apply} />
    </search>
  );
}
