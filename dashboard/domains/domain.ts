import { type ComponentType, createContext } from "preact";
import { useContext } from "preact/hooks";
import type { EntityView } from "../../app/http/entities/entity-view.ts";
import type { Overview, StateKind } from "../../app/http/overview/overview.ts";
import type { ListPage } from "../shared/list-page.ts";
import { type ApiResult, useApi } from "../shared/use-api.ts";
import type { Column } from "../shared/virtual-table.tsx";
import type { DomainAddresses } from "./page-address.ts";

/** Which entities are listed: `state`, `reducer_state`, `q`, and a module's own filters. In the address. */
export type EntityFilter = Readonly<Record<string, string>>;

export interface FilterProps {
  readonly filter: EntityFilter;
  /** An empty text removes a filter. */
  readonly apply: (change: EntityFilter, options?: { readonly replace?: boolean }) => void;
}

export interface ActionProps {
  readonly id: string;
  /** Of the entity's state. */
  readonly kind: StateKind | undefined;
  readonly hasPending: boolean;
  readonly onDone: () => void;
}

/** Of a list. */
export type EntityRow = Pick<EntityView, "id" | "state" | "reducer_state" | "state_since" | "deadlines" | "data">;
export type EntityColumn = Column<EntityRow>;
export interface ColumnFacts {
  readonly kindOf: (state: string | null) => StateKind | undefined;
  readonly nowMs: number;
}
export type CommonColumns = Readonly<Record<"id" | "state" | "reducer" | "since" | "deadline", EntityColumn>>;

export type Rates = Overview["rates"];
export interface ShownRate {
  readonly title: string;
  /** The name of a colour in the style sheet. */
  readonly colour: string;
  readonly dash: readonly number[];
  /** Whether it also has a tile. */
  readonly hasTile: boolean;
  /** Where more about it is, below the domain's page. */
  readonly path?: string;
  readonly valueIn: (rates: Rates) => number | undefined;
}

/** What the page shows of the domains of one module in a way of their own. */
export interface ModuleParts {
  readonly searchLabel: string;
  /** Filters that its list has besides those of all lists. */
  readonly filterNames: readonly string[];
  readonly fetchEntities: (
    api: Domain["api"],
    query: Readonly<Record<string, string | number | boolean | undefined>>,
    signal: AbortSignal,
  ) => Promise<ListPage<EntityRow>>;
  readonly columns: (common: CommonColumns, facts: ColumnFacts) => readonly EntityColumn[];
  /** @param eventTypes those that the domain publishes */
  readonly rates: (eventTypes: readonly string[]) => readonly ShownRate[];
  readonly Filters: ComponentType<FilterProps>;
  readonly Actions: ComponentType<ActionProps>;
  /** Shown while there are no entities. */
  readonly GetStarted: ComponentType;
  /** At the top of the playground. */
  readonly Playground: ComponentType;
}

/** What is known of a module before its parts are loaded. */
export interface ModulePage {
  /** Whether the domain's pages are at `/` instead of `/domains/{domain}`. */
  readonly isAtRoot: boolean;
  /** What entities are called; the plural is also the address of their list. */
  readonly words: { readonly entity: string; readonly entities: string };
  readonly loadParts: () => Promise<ModuleParts>;
}

/** A domain that is served. */
export interface ListedDomain extends DomainAddresses, Pick<ModulePage, "words" | "loadParts"> {
  /** The field of payloads that has the entity's id. */
  readonly entityIdField: string;
}

/** The domain that the page shows. */
export interface Domain extends ListedDomain {
  readonly parts: ModuleParts;
}

export const DomainContext = createContext<Domain | undefined>(undefined);

/** @throws Error outside of a domain's page */
export function useDomain(): Domain {
  const domain = useContext(DomainContext);
  if (!domain) throw new Error("this part of the page belongs to a domain");
  return domain;
}

/** As `useApi`, for one of the domain's routes. */
export const useDomainApi = <Answer>(path: string, everyMs?: number): ApiResult<Answer> =>
  useApi(useDomain().api(path), everyMs);
