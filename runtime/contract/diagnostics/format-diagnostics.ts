import { createColors } from "picocolors";
import type { Diagnostic, SourcePosition, TimelineStep } from "./diagnostic.ts";

export type DiagnosticFormat = "text" | "json" | "github";

/** Diagnostics for a reader: people, programs, or GitHub's annotations. Ends with a line break unless it is empty. */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  format: DiagnosticFormat,
  options: { readonly colors?: boolean } = {},
): string {
  if (format === "json") return `${JSON.stringify(diagnostics, undefined, 2)}\n`;
  if (format === "github") return diagnostics.map((each) => `${githubLine(each)}\n`).join("");
  return diagnostics.map((each) => `${textBlock(each, createColors(options.colors ?? false))}\n`).join("\n");
}

const formatPosition = ({ file, line, column }: SourcePosition): string => `${file}:${line}:${column}`;
const suggestionText = ({ suggestion }: Diagnostic): string =>
  suggestion === undefined ? "" : `did you mean ${suggestion}?`;
// A file's text may hold anything that a terminal obeys.
const replaceControlCharacters = (text: string): string => text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, "\uFFFD");

function textBlock(diagnostic: Diagnostic, colors: ReturnType<typeof createColors>): string {
  const { code, severity, excerpt, column, width } = diagnostic;
  const severityColor = severity === "error" ? colors.red : colors.yellow;
  const lines = [
    `${colors.bold(formatPosition(diagnostic))}  ${severityColor(severity)}  ${severityColor(code)}  ` +
      `${replaceControlCharacters(diagnostic.message)}`,
  ];
  if (excerpt !== "") lines.push(`    ${replaceControlCharacters(excerpt).replaceAll("\t", " ")}`);
  if (excerpt.length >= column)
    lines.push(
      `    ${" ".repeat(column - 1)}${severityColor("^".repeat(Math.min(width, excerpt.length - column + 1)))}`,
    );
  if (diagnostic.suggestion !== undefined)
    lines.push(`    ${colors.cyan(replaceControlCharacters(suggestionText(diagnostic)))}`);
  if (diagnostic.remedy !== undefined) lines.push(`    ${colors.cyan(replaceControlCharacters(diagnostic.remedy))}`);
  for (const each of diagnostic.related ?? [])
    lines.push(`    ${formatPosition(each)}  ${replaceControlCharacters(each.message)}`);
  return [
    ...lines,
    ...formatTimeline(diagnostic.timeline ?? []).map((line) => `    ${replaceControlCharacters(line)}`),
  ].join("\n");
}

// https://docs.github.com/actions/reference/workflow-commands-for-github-actions: what ends a property or the command
// is percent-encoded.
const escapeData = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const escapeProperty = (text: string): string => escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

function githubLine(diagnostic: Diagnostic): string {
  const { file, line, column, width, code, severity, message, remedy = "", related = [], timeline = [] } = diagnostic;
  const place = `line=${line},col=${column},endColumn=${column + width}`;
  const properties = `file=${escapeProperty(file)},${place},title=${code}`;
  const others = related.map((each) => `${formatPosition(each)}: ${each.message}`);
  const text = [message, suggestionText(diagnostic), remedy, ...others, ...formatTimeline(timeline)];
  return `::${severity} ${properties}::${escapeData(text.filter((part) => part !== "").join("\n"))}`;
}

const COLUMN_TITLES = ["T", "message", "orchestrator", "reducer", "events and intents"] as const;

/** A timeline as a table, a line for each message. */
function formatTimeline(timeline: readonly TimelineStep[]): readonly string[] {
  if (timeline.length === 0) return [];
  const rows = timeline.map(({ atMs, message, orchestrator, reducer, events, intents, reason }) => {
    const produced = [...events, ...intents.map((intent) => `-> ${intent}`)].join(", ");
    return [`${(atMs / 1_000).toFixed(3)} s`, message, orchestrator, reducer, produced || `(${reason})`];
  });
  const widths = COLUMN_TITLES.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [COLUMN_TITLES, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
