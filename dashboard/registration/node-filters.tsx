import type { FilterProps } from "../domains/domain.ts";
import { ToggleGroup } from "../shared/fields.tsx";
import { TextFilter } from "../shared/text-filter.tsx";
import { NODE_TYPES } from "./node-types.ts";

/** By what nodes say of themselves. */
export function NodeFilters({ filter, apply }: FilterProps) {
  const { node_type: pressed, capability = "" } = filter;
  return (
    <>
      <div class="text-filters">
        <TextFilter
          label="Capability"
          applied={capability}
          onApply={(text) => apply({ capability: text }, { replace: true })}
        />
      </div>
      <ToggleGroup
        label="Type"
        options={NODE_TYPES}
        pressed={NODE_TYPES.find((type) => type === pressed)}
        onPress={(type) => apply({ node_type: pressed === type ? "" : type })}
      />
    </>
  );
}
