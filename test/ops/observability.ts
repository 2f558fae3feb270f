import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { ROOT } from "../tidy/sources.ts";

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly query: string; readonly type: string }[] };
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
}
interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

const text = (path: string): string => readFileSync(join(ROOT, "ops", path), "utf8");

export const alerts = (
  parse(text("prometheus/alerts.yaml")) as { groups: readonly { rules: readonly Rule[] }[] }
).groups.flatMap(({ rules }) => rules);
export const alertTests = (parse(text("prometheus/alerts.test.yaml")) as RuleTests).tests.flatMap(
  ({ alert_rule_test }) => alert_rule_test,
);
/** Values for Grafana's variables. */
const filledIn = (expr: string): string =>
  expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".+").replaceAll("$domain", ".+");

/** What a dashboard asks. @param name of its file in ops/grafana */
export function queriesOf(name: string) {
  const { panels, annotations, templating } = JSON.parse(text(`grafana/${name}.json`)) as Dashboard;
  return {
    panelQueries: panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, legendFormat }) => ({ title, expr: filledIn(expr), legend: legendFormat })),
    ),
    annotationQueries: annotations.list.map(({ expr }) => filledIn(expr)),
    /** The parts of `label_values(selector, label)`. */
    variableQueries: templating.list.flatMap(({ type, query }) => {
      const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
      return type === "query" && selector && label ? [{ selector, label }] : [];
    }),
  };
}

/** Every metric of an expression, with its label matchers. */
export const selectorsOf = (expr: string): readonly string[] =>
  [...expr.matchAll(/\b(?:up|(?:rollcall|node_registry|flow_registry|process|nodejs)_\w+)\b(?:\{[^}]*\})?/g)].map(
    ([selector]) => selector,
  );

/** The labels that an expression groups by. */
export const groupedBy = (expr: string): readonly string[] =>
  [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, names = ""]) => names.split(/, ?/).filter(Boolean));

/** The labels that a legend names. */
export const legendLabels = (legend: string): readonly string[] =>
  [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = ""]) => name);
