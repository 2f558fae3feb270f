import type { Overview as OverviewAnswer } from "../../app/http/overview/overview.ts";
import { type Domain, type Rates, type ShownRate, useDomain, useDomainApi } from "../domains/domain.ts";
import { ChartTable, type ChartSeries } from "./chart-table.tsx";
import { capitalize, formatDateTime, formatMeasuredMs, formatNumber } from "../shared/format.ts";
import { StateName } from "../shared/state-name.tsx";
import { ErrorMessage } from "../shared/error-message.tsx";
import { Link, pathWithQuery } from "../shared/router.tsx";
import { HealthAndLag } from "./health-and-lag.tsx";
import { Troubles } from "./troubles.tsx";
import "./overview-page.css";

const POLL_MS = 5_000;
const COLOUR_BY_KIND = { live: "--good", resting: "--good", waiting: "--waiting", ended: "--muted" } as const;
/** They distinguish lines of one colour. */
const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3], [14, 4], [4, 8]] as const;

export function Page() {
  const { answer, error, refetch } = useDomainApi<OverviewAnswer>("/overview", POLL_MS);
  return (
    <div class="overview-page">
      <h1>Overview</h1>
      <ErrorMessage error={error} title={answer ? "Showing the last known data" : "Could not load"} />
      {answer && <OverviewContent overview={answer} onChanged={refetch} />}
    </div>
  );
}

interface OverviewContentProps {
  readonly overview: OverviewAnswer;
  readonly onChanged: () => void;
}

function OverviewContent({ overview, onChanged }: OverviewContentProps) {
  const domain = useDomain();
  const { parts, words } = domain;
  const { entities } = words;
  const { troubles, states, history, began_at } = overview;
  const shownRates = parts.rates(Object.keys(overview.rates.events));
  const times = history?.at ?? [];
  return (
    <>
      <Troubles troubles={troubles} onDone={onChanged} />
      {states.every(({ entities: count }) => count === 0) && <parts.GetStarted />}
      <Tiles overview={overview} rates={shownRates.filter(({ hasTile }) => hasTile)} />
      <ChartTable
        title={`${capitalize(entities)} by state`}
        unit={entities}
        times={times}
        rows={stateSeries(overview, domain)}
      />
      <ChartTable title="Throughput" unit="per second" times={times} rows={rateSeries(overview, domain, shownRates)} />
      <HealthAndLag overview={overview} />
      <p class="note">
        Counts of {entities} cover all processes. Rates, latencies, lag and charts cover this process only, which
        started at {formatDateTime(began_at)}: one sample every 10 s, for the last hour. Prometheus metrics are at{" "}
        <code>/metrics</code>.
      </p>
    </>
  );
}

interface TilesProps {
  readonly overview: OverviewAnswer;
  readonly rates: readonly ShownRate[];
}

const Tiles = ({ overview: { rates, durations, lateness }, rates: shownRates }: TilesProps) => (
  <dl class="tiles">
    {shownRates.map(({ title, valueIn }) => (
      <Tile key={title} title={title} value={formatNumber((valueIn(rates) ?? 0) * 60)} unit="per minute" />
    ))}
    {Object.entries(durations).map(([name, { p50_ms, p99_ms, count }]) => (
      <Tile
        key={name}
        title={name.replaceAll("_", " ")}
        value={formatMeasuredMs(p50_ms)}
        unit={`p50 · p99 ${formatMeasuredMs(p99_ms)}, last ${formatNumber(count)}`}
      />
    ))}
    <Tile
      title="deadline lateness"
      value={formatMeasuredMs(lateness.p50_ms)}
      unit={`p50 · p99 ${formatMeasuredMs(lateness.p99_ms)} · max ${formatMeasuredMs(lateness.max_ms)}`}
    />
  </dl>
);

function Tile({ title, value, unit }: { readonly title: string; readonly value: string; readonly unit: string }) {
  return (
    <div class="tile">
      <dt>{title}</dt>
      <dd>
        <strong>{value}</strong> <span class="note">{unit}</span>
      </dd>
    </div>
  );
}

function stateSeries({ states, history }: OverviewAnswer, { entitiesPage }: Domain): ChartSeries[] {
  const usedDashes = { "--good": 0, "--waiting": 0, "--muted": 0 };
  return states.map(({ name, kind, entities }, index) => ({
    label: name,
    colour: COLOUR_BY_KIND[kind],
    dash: DASHES[usedDashes[COLOUR_BY_KIND[kind]]++ % DASHES.length] ?? [],
    values: history?.entities.map((counts) => counts?.[index] ?? null) ?? [],
    now: entities,
    name: (
      <Link to={pathWithQuery(entitiesPage(), { state: name })}>
        <StateName name={name} kind={kind} />
      </Link>
    ),
  }));
}

const rateSeries = (
  { rates, history }: OverviewAnswer,
  { page }: Domain,
  shownRates: readonly ShownRate[],
): ChartSeries[] => {
  const samples = history?.at.map((_, index) => ratesAt(history, index)) ?? [];
  return shownRates.map(({ title, valueIn, colour, dash, path }) => ({
    label: title,
    colour,
    dash,
    values: samples.map((sample) => valueIn(sample) ?? null),
    now: valueIn(rates) ?? 0,
    name: path === undefined ? title : <Link to={page(path)}>{title}</Link>,
  }));
};

/** The rates of one sample. */
function ratesAt({ messages, events, dead_letters }: NonNullable<OverviewAnswer["history"]>, index: number): Rates {
  const at = (series: Readonly<Record<string, readonly number[]>>): Record<string, number> =>
    Object.fromEntries(Object.entries(series).map(([type, values]) => [type, values[index] ?? 0]));
  return { messages: at(messages), events: at(events), dead_letters: dead_letters[index] ?? 0 };
}
