import type { Overview as OverviewAnswer } from "../../app/http/overview/overview.ts";
import { ChartTable, type Row } from "./chart-table.tsx";
import { Notices } from "./notices.tsx";
import { amount, measured } from "../shared/format.ts";
import { StateName } from "../shared/state-name.tsx";
import { Trouble } from "../shared/error-message.tsx";
import { follow } from "../shared/router.ts";
import { useAsked } from "../shared/use-api.ts";
import { FirstNode } from "../registration/get-started.tsx";
import { OverviewParts } from "./health-and-lag.tsx";
import "./overview-page.css";

const EVERY_MS = 5_000;
const COLOUR_OF = { live: "--good", waiting: "--wait", ended: "--gone" } as const;
/** Lines of one colour are told apart by these. */
const DASHES = [[], [6, 4], [2, 3], [10, 3, 2, 3], [14, 4], [4, 8]] as const;
const RATES = [
  { name: "introspections", colour: "--accent", dash: [] },
  { name: "activations", colour: "--good", dash: [] },
  { name: "expiries", colour: "--gone", dash: [6, 4] },
  { name: "dead_letters", colour: "--bad", dash: [2, 3] },
] as const;
const words = (name: string): string => name.replace("_", " ");

export function Overview() {
  const { answer, error, again } = useAsked<OverviewAnswer>("/api/v1/overview", EVERY_MS);
  return (
    <>
      <h1>Overview</h1>
      <Trouble error={error} what={answer ? "This is from before" : "Nothing to show"} />
      {answer && <Shown overview={answer} again={again} />}
    </>
  );
}

function Shown({ overview, again }: { readonly overview: OverviewAnswer; readonly again: () => void }) {
  const { notices, states, rates, history, activation, lateness, began_at } = overview;
  const isEmpty = states.every(({ nodes }) => nodes === 0);
  return (
    <>
      <Notices notices={notices} onDone={again} />
      {isEmpty && <FirstNode />}
      <dl class="tiles">
        {RATES.map(({ name }) => (
          <Tile key={name} title={words(name)} value={amount(rates[name] * 60)} unit="a minute" />
        ))}
        <Tile
          title="introspection to active"
          value={measured(activation.p50_ms)}
          unit={`p50 · p99 ${measured(activation.p99_ms)}, of the last ${amount(activation.count)}`}
        />
        <Tile
          title="deadlines fired late by"
          value={measured(lateness.p50_ms)}
          unit={`p50 · p99 ${measured(lateness.p99_ms)} · most ${measured(lateness.max_ms)}`}
        />
      </dl>
      <ChartTable title="Nodes by state" unit="nodes" times={history?.at ?? []} rows={stateRows(overview)} />
      <ChartTable title="What happens a second" unit="per second" times={history?.at ?? []} rows={rateRows(overview)} />
      <OverviewParts overview={overview} />
      <p class="note">
        Nodes are counted over all processes. Rates, latencies, lag and the charts are of this process alone and begin
        with its start, {new Date(began_at).toLocaleString()}; a sample every 10 s, an hour long. Prometheus has more
        under <code>/metrics</code>.
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

function stateRows({ states, history }: OverviewAnswer): Row[] {
  const seen = { live: 0, waiting: 0, ended: 0 };
  return states.map(({ name, kind, nodes }, index) => ({
    label: name,
    colour: COLOUR_OF[kind],
    dash: DASHES[seen[kind]++ % DASHES.length] ?? [],
    values: history?.nodes.map((counts) => counts?.[index] ?? null) ?? [],
    now: nodes,
    name: (
      <a href={`/nodes?state=${encodeURIComponent(name)}`} onClick={follow}>
        <StateName name={name} kind={kind} />
      </a>
    ),
  }));
}

const rateRows = ({ rates, history }: OverviewAnswer): Row[] =>
  RATES.map(({ name, colour, dash }) => ({
    label: words(name),
    colour,
    dash,
    values: history?.[name] ?? [],
    now: rates[name],
    name:
      name === "dead_letters" ? (
        <a href="/dead-letters" onClick={follow}>
          dead letters
        </a>
      ) : (
        words(name)
      ),
  }));
