import type { Overview as OverviewAnswer } from "../../app/http/overview/overview.ts";
import { ChartTable, type ChartSeries } from "./chart-table.tsx";
import { formatDateTime, formatMeasuredMs, formatNumber } from "../shared/format.ts";
import { StateName } from "../shared/state-name.tsx";
import { ErrorMessage } from "../shared/error-message.tsx";
import { Link, pathWithQuery } from "../shared/router.tsx";
import { useApi } from "../shared/use-api.ts";
import { GetStarted } from "../registration/get-started.tsx";
import { HealthAndLag } from "./health-and-lag.tsx";
import { Troubles } from "./troubles.tsx";
import "./overview-page.css";

const POLL_MS = 5_000;
const COLOUR_BY_KIND = { live: "--good", waiting: "--waiting", ended: "--muted" } as const;
/** They distinguish lines of one colour. */
const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3], [14, 4], [4, 8]] as const;
const RATES = [
  { name: "introspections", colour: "--accent", dash: [] },
  { name: "activations", colour: "--good", dash: [] },
  { name: "expiries", colour: "--muted", dash: [6, 4] },
  { name: "dead_letters", colour: "--bad", dash: [2, 3] },
] as const;
const withSpaces = (name: string): string => name.replace("_", " ");

export function Page() {
  const { answer, error, refetch } = useApi<OverviewAnswer>("/api/v1/overview", POLL_MS);
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
  const { troubles, states, rates, history, activation, lateness, began_at } = overview;
  const isEmpty = states.every(({ nodes }) => nodes === 0);
  return (
    <>
      <Troubles troubles={troubles} onDone={onChanged} />
      {isEmpty && <GetStarted />}
      <dl class="tiles">
        {RATES.map(({ name }) => (
          <Tile key={name} title={withSpaces(name)} value={formatNumber(rates[name] * 60)} unit="per minute" />
        ))}
        <Tile
          title="time to active"
          value={formatMeasuredMs(activation.p50_ms)}
          unit={`p50 · p99 ${formatMeasuredMs(activation.p99_ms)}, last ${formatNumber(activation.count)}`}
        />
        <Tile
          title="deadline lateness"
          value={formatMeasuredMs(lateness.p50_ms)}
          unit={`p50 · p99 ${formatMeasuredMs(lateness.p99_ms)} · max ${formatMeasuredMs(lateness.max_ms)}`}
        />
      </dl>
      <ChartTable title="Nodes by state" unit="nodes" times={history?.at ?? []} rows={stateSeries(overview)} />
      <ChartTable title="Throughput" unit="per second" times={history?.at ?? []} rows={rateSeries(overview)} />
      <HealthAndLag overview={overview} />
      <p class="note">
        Node counts cover all processes. Rates, latencies, lag and charts cover this process only, which started at{" "}
        {formatDateTime(began_at)}: one sample every 10 s, for the last hour. Prometheus metrics are at{" "}
        <code>/metrics</code>.
      </p>
    </>
  );
}

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

function stateSeries({ states, history }: OverviewAnswer): ChartSeries[] {
  const usedDashes = { live: 0, waiting: 0, ended: 0 };
  return states.map(({ name, kind, nodes }, index) => ({
    label: name,
    colour: COLOUR_BY_KIND[kind],
    dash: DASHES[usedDashes[kind]++ % DASHES.length] ?? [],
    values: history?.nodes.map((counts) => counts?.[index] ?? null) ?? [],
    now: nodes,
    name: (
      <Link to={pathWithQuery("/nodes", { state: name })}>
        <StateName name={name} kind={kind} />
      </Link>
    ),
  }));
}

const rateSeries = ({ rates, history }: OverviewAnswer): ChartSeries[] =>
  RATES.map(({ name, colour, dash }) => ({
    label: withSpaces(name),
    colour,
    dash,
    values: history?.[name] ?? [],
    now: rates[name],
    name: name === "dead_letters" ? <Link to="/dead-letters">dead letters</Link> : withSpaces(name),
  }));
