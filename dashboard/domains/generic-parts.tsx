import { fetchJson } from "../shared/api.ts";
import type { ListPage } from "../shared/list-page.ts";
import { ReasonForm } from "../shared/reason-form.tsx";
import { pathWithQuery } from "../shared/router.tsx";
import { type ActionProps, type EntityRow, type ModuleParts, type ShownRate, useDomain } from "./domain.ts";

const Nothing = () => null;

/** For a module without parts of its own. */
export const genericParts: ModuleParts = {
  searchLabel: "Part of the id",
  filterNames: [],
  fetchEntities: (api, query, signal) =>
    fetchJson<ListPage<EntityRow>>(pathWithQuery(api("/entities"), query), { signal }),
  columns: ({ id, state, reducer, since, deadline }) => [id, state, reducer, since, deadline],
  rates: genericRates,
  Filters: Nothing,
  Actions: RetryAction,
  GetStarted,
  Playground: Nothing,
};

const COLOURS = ["--good", "--waiting", "--accent", "--muted"] as const;
const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3]] as const;

function genericRates(eventTypes: readonly string[]): ShownRate[] {
  const total = (byType: Readonly<Record<string, number>>): number =>
    Object.values(byType).reduce((sum, rate) => sum + rate, 0);
  return [
    {
      ...{ title: "messages", colour: "--text", dash: [], hasTile: true },
      valueIn: ({ messages }) => total(messages),
    },
    ...eventTypes.map((type, index) => ({
      title: type,
      colour: COLOURS[index % COLOURS.length] as string,
      dash: DASHES[Math.floor(index / COLOURS.length) % DASHES.length] ?? [],
      hasTile: false,
      valueIn: ({ events }: { readonly events: Readonly<Record<string, number>> }) => events[type],
    })),
    {
      ...{ title: "dead letters", colour: "--bad", dash: [2, 3], hasTile: true, path: "/dead-letters" },
      valueIn: ({ dead_letters }) => dead_letters,
    },
  ];
}

/** Pending work can be tried at once. What else may be done with an entity, its module knows. */
function RetryAction({ id, hasPending, onDone }: ActionProps) {
  const { api } = useDomain();
  if (!hasPending) return null;
  const retry = async (reason: string): Promise<string> => {
    const path = api(`/entities/${encodeURIComponent(id)}/retry`);
    const { intents } = await fetchJson<{ readonly intents: number }>(path, { method: "POST", body: { reason } });
    onDone();
    return `Pending intents retried now: ${intents}.`;
  };
  return (
    <ReasonForm label="Retry now…" confirmLabel="Retry pending work" failureTitle="Retry failed" onConfirm={retry} />
  );
}

function GetStarted() {
  const { api } = useDomain();
  return (
    <section class="card" aria-label="Get started">
      <h2>No entities yet</h2>
      <p>
        The first message of one makes it appear here. <a href={api("/docs")}>The domain's documents</a> show each
        message with its topic and an example.
      </p>
    </section>
  );
}
