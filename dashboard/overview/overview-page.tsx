import type { Overview as OverviewAnswer } from "../../app/http/overview/overview.ts";
import { ChartTable, type ChartSeries } from "./chart-table.tsx";
import { Notices } from "./notices.tsx";
import { formatDateTime, formatMeasuredMs, formatNumber } from "../shared/format.ts";
import { StateName } from "../shared/state-name.tsx";
import { ErrorMessage } from "../shared/error-message.tsx";
import { Link, pathWithQuery } from "../shared/router.tsx";
import { useApi } from "../shared/use-api.ts";
import { GetStarted } from "../registration/get-started.tsx";
import { RATES } from "../registration/rates.ts";
import { HealthAndLag } from "./health-and-lag.tsx";
import "./overview-page.css";

const POLL_MS = 5_000;
const COLOUR_BY_KIND = { live: "--good", waiting: "--waiting", ended: "--muted" } as const;
/** They distinguish lines of one colour. */
const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3], [14, 4], [4, 8]] as const;

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
  const { notices, states, rates, history, durations, lateness, began_at } = overview;
  const { activation } = durations;
  const isEmpty = states.every(({ entities }) => entities === 0);
  return (
    <>
      <Notices notices={notices} onDone={onChanged} />
      {isEmpty && <GetStarted />}
      <dl class="tiles">
        {RATES.map(({ title, valueIn }) => (
          <Tile key={title} title={title} value={formatNumber((valueIn(rates) ?? 0) * 60)} unit="per minute" />
        ))}
        {activation && (
          <Tile
            title="time to active"
            value={formatMeasuredMs(activation.p50_ms)}
            unit={`p50 · p99 ${formatMeasuredMs(activation.p99_ms)}, last ${formatNumber(activation.count)}`}
          />
        )}
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
  return states.map(({ name, kind, entities }, index) => ({
    label: name,
    colour: COLOUR_BY_KIND[kind],
    dash: DASHES[usedDashes[kind]++ % DASHES.length] ?? [],
    values: history?.entities.map((counts) => counts?.[index] ?? null) ?? [],
    now: entities,
    name: (
      <Link to={pathWithQuery("/nodes", { state: name })}>
        <StateName name={name} kind={kind} />
      </Link>
    ),
  }));
}

const rateSeries = ({ rates, history }: OverviewAnswer): ChartSeries[] =>
  RATES.map(({ title, valueIn, colour, dash, path }) => ({
    label: title,
    colour,
    dash,
    values: (history && valueIn(history)) ?? [],
    now: valueIn(rates) ?? 0,
    name: path === undefined ? title : <Link to={path}>{title}</Link>,
  }));
