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
import type { ContractDiagnostic } from "../../app/http/contracts/contracts.routes.ts";
import { type JsonSchema, descriptionOf, suggestionsAt } from "./schema-completion.ts";
import { yamlCursorAt } from "./yaml-cursor.ts";

export interface CodeEditor {
  showDiagnostics(diagnostics: readonly ContractDiagnostic[]): void;
  setText(text: string): void;
  destroy(): void;
}

interface EditorOptions {
  readonly host: HTMLElement;
  readonly text: string;
  readonly label: string;
  readonly schema: () => JsonSchema | undefined;
  /** Names that the contracts declare: suggested as values. */
  readonly names: () => readonly string[];
  readonly onChange: (text: string) => void;
}

/**
 * A YAML editor in a shadow root of `host`. There CodeMirror uses constructed style sheets; in the document it would
 * add a style element, which the Content-Security-Policy forbids.
 */
export function createEditor({ host, text, label, schema, names, onChange }: EditorOptions): CodeEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.replaceChildren();
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
        syntaxHighlighting(SYNTAX_COLOURS),
        autocompletion({ override: [(context) => completionsAt(context, schema(), names())] }),
        hoverTooltip((hovered, position) => descriptionTooltip(hovered, position, schema())),
        keymap.of([...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
        EditorView.updateListener.of((update) => void (update.docChanged && onChange(update.state.doc.toString()))),
        THEME,
      ],
    }),
  });
  return {
    showDiagnostics: (diagnostics) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          diagnostics.map((each) => toEditorDiagnostic(view.state, each)),
        ),
      ),
    setText: (insert) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert } }),
    destroy: () => view.destroy(),
  };
}

function toEditorDiagnostic(
  { doc }: EditorState,
  { line, column, width, severity, code, message, suggestion, remedy }: ContractDiagnostic,
): Diagnostic {
  // The text may have changed since it was checked, so the place may lie outside of it.
  const target = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const from = Math.min(target.from + column - 1, target.to);
  const hint = suggestion === undefined ? "" : ` Did you mean ${suggestion}?`;
  return {
    from,
    to: Math.min(from + width, target.to),
    severity,
    source: code,
    message: `${message}${hint}${remedy === undefined ? "" : ` ${remedy}`}`,
  };
}

function completionsAt(
  context: CompletionContext,
  schema: JsonSchema | undefined,
  names: readonly string[],
): CompletionResult | null {
  if (!schema) return null;
  const text = context.state.doc.toString();
  const cursor = yamlCursorAt(text, context.pos);
  if (cursor.word === "" && !context.explicit) return null;
  const suggestions = suggestionsAt(schema, text, cursor);
  const isAtValue = cursor.key !== undefined || cursor.path.at(-1) === "[]";
  const options = [
    ...suggestions.map(({ word, kind, description }) => ({
      label: word,
      type: kind === "key" ? "property" : "enum",
      ...(kind === "key" && { apply: `${word}: ` }),
      ...(description !== "" && { info: description }),
      boost: 1,
    })),
    ...(isAtValue ? names.map((label) => ({ label, type: "variable" })) : []),
  ];
  return options.length === 0 ? null : { from: context.pos - cursor.word.length, options, validFor: /^[\w.*()-]*$/ };
}

function descriptionTooltip({ state }: EditorView, position: number, schema: JsonSchema | undefined): Tooltip | null {
  const line = state.doc.lineAt(position);
  const column = position - line.from;
  const start = column - (/[\w.]*$/.exec(line.text.slice(0, column))?.[0].length ?? 0);
  const word = /^[\w.]*/.exec(line.text.slice(start))?.[0] ?? "";
  const text = state.doc.toString();
  const description =
    word === "" ? undefined : schema && descriptionOf(schema, text, yamlCursorAt(text, line.from + start), word);
  if (description === undefined) return null;
  const create = () => {
    const dom = document.createElement("p");
    dom.className = "key-description";
    dom.textContent = `${word}: ${description}`;
    return { dom };
  };
  return { pos: line.from + start, end: line.from + start + word.length, above: true, create };
}

const SYNTAX_COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.string, tags.content], color: "var(--text)" },
  { tag: tags.string, color: "var(--good)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--secondary-text)", fontStyle: "italic" },
  { tag: [tags.keyword, tags.bool, tags.number], color: "var(--waiting)" },
  { tag: [tags.punctuation, tags.separator, tags.brace, tags.squareBracket], color: "var(--secondary-text)" },
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
  ".cm-gutters": { backgroundColor: "var(--background)", color: "var(--secondary-text)", border: "none" },
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
  ".cm-tooltip .key-description": { margin: "0.3rem 0.6rem", fontFamily: "system-ui, sans-serif" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--card)" },
  ".cm-diagnostic": { whiteSpace: "normal" },
});
