import {
  autocompletion,
  closeBrackets,
  completionKeymap,
  type CompletionContext,
  type CompletionResult,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  hoverTooltip,
  keymap,
  lineNumbers,
  type Tooltip,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { ContractDiagnostic } from "../../app/http/contracts/contract-views.ts";
import { type JsonSchema, meaningOf, wordsAt } from "./schema-completion.ts";
import { placeAt } from "./yaml-cursor.ts";

export interface CodeEditor {
  show(diagnostics: readonly ContractDiagnostic[]): void;
  /** Another text, which is not told as a change. */
  replace(text: string): void;
  destroy(): void;
}

interface Options {
  readonly host: HTMLElement;
  readonly text: string;
  readonly label: string;
  readonly schema: () => JsonSchema | undefined;
  /** Names that these contracts declare. */
  readonly names: () => readonly string[];
  readonly onChange: (text: string) => void;
}

/** A YAML editor in a shadow root: its styles are adopted style sheets there, which the page's policy lets be. */
export function openEditor({ host, text, label, schema, names, onChange }: Options): CodeEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.replaceChildren();
  let telling = true;
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        highlightActiveLine(),
        lintGutter(),
        yaml(),
        syntaxHighlighting(COLOURS),
        autocompletion({ override: [(context) => complete(context, schema(), names())] }),
        hoverTooltip((of, position) => explain(of, position, schema())),
        keymap.of([...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
        EditorView.updateListener.of(
          (update) => void (update.docChanged && telling && onChange(update.state.doc.toString())),
        ),
        THEME,
      ],
    }),
  });
  return {
    show: (diagnostics) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          diagnostics.map((each) => placed(view.state, each)),
        ),
      ),
    replace: (now) => {
      telling = false;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: now } });
      telling = true;
    },
    destroy: () => view.destroy(),
  };
}

function placed(
  { doc }: EditorState,
  { line, column, width, severity, code, message, suggestion, remedy }: ContractDiagnostic,
): Diagnostic {
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const from = Math.min(at.from + column - 1, at.to);
  const hint = suggestion === undefined ? "" : ` Did you mean ${suggestion}?`;
  return {
    from,
    to: Math.min(from + width, at.to),
    severity,
    source: code,
    message: `${message}${hint}${remedy === undefined ? "" : ` ${remedy}`}`,
  };
}

function complete(
  context: CompletionContext,
  schema: JsonSchema | undefined,
  names: readonly string[],
): CompletionResult | null {
  if (!schema) return null;
  const text = context.state.doc.toString();
  const place = placeAt(text, context.pos);
  if (place.word === "" && !context.explicit) return null;
  const words = wordsAt(schema, text, place);
  const isValue = place.key !== undefined || place.path.at(-1) === "[]";
  const options = [
    ...words.map(({ word, kind, description }) => ({
      label: word,
      type: kind === "key" ? "property" : "enum",
      ...(kind === "key" && { apply: `${word}: ` }),
      ...(description !== "" && { info: description }),
      boost: 1,
    })),
    ...(isValue ? names.map((label) => ({ label, type: "variable" })) : []),
  ];
  return options.length === 0 ? null : { from: context.pos - place.word.length, options, validFor: /^[\w.*()-]*$/ };
}

function explain({ state }: EditorView, position: number, schema: JsonSchema | undefined): Tooltip | null {
  const line = state.doc.lineAt(position);
  const column = position - line.from;
  const start = column - (/[\w.]*$/.exec(line.text.slice(0, column))?.[0].length ?? 0);
  const word = /^[\w.]*/.exec(line.text.slice(start))?.[0] ?? "";
  const text = state.doc.toString();
  const meaning = word === "" ? undefined : schema && meaningOf(schema, text, placeAt(text, line.from + start), word);
  if (meaning === undefined) return null;
  const create = () => {
    const dom = document.createElement("p");
    dom.className = "meaning";
    dom.textContent = `${word}: ${meaning}`;
    return { dom };
  };
  return { pos: line.from + start, end: line.from + start + word.length, above: true, create };
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.string, tags.content], color: "var(--text)" },
  { tag: tags.string, color: "var(--good)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.keyword, tags.bool, tags.number], color: "var(--wait)" },
  { tag: [tags.punctuation, tags.separator, tags.brace, tags.squareBracket], color: "var(--soft)" },
]);

const THEME = EditorView.theme({
  "&": {
    color: "var(--text)",
    backgroundColor: "var(--card)",
    border: "1px solid var(--line)",
    borderRadius: "0.35rem",
    maxHeight: "70vh",
    fontSize: "0.86rem",
  },
  "&.cm-focused": { outline: "2px solid var(--accent)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.4" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--back)", color: "var(--soft)", border: "none" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 8%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 30%, transparent)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--card)",
    color: "var(--text)",
    border: "1px solid var(--line)",
    borderRadius: "0.3rem",
    maxWidth: "min(30rem, 90vw)",
  },
  ".cm-tooltip .meaning": { margin: "0.3rem 0.6rem", fontFamily: "system-ui, sans-serif" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--card)" },
  ".cm-diagnostic": { whiteSpace: "normal" },
});
