import { useEffect, useRef, useState } from "preact/hooks";
import type { ContractDiagnostic } from "../../app/http/contracts/contract-views.ts";
import { useApi } from "../shared/use-api.ts";
import type { CodeEditor } from "./code-editor.ts";
import type { JsonSchema } from "./schema-completion.ts";

interface YamlEditorProps {
  readonly file: string;
  readonly text: string;
  readonly diagnostics: readonly ContractDiagnostic[];
  readonly names: readonly string[];
  readonly onChange: (text: string) => void;
  /** Undefined: the text is the one in force. */
  readonly onReset: (() => void) | undefined;
}

/** An editor for a contract. Its library is loaded when the first one is shown. */
export function YamlEditor({ file, text, diagnostics, names, onChange, onReset }: YamlEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<CodeEditor>();
  const schema = useApi<JsonSchema>("/schemas/contract.schema.json");
  const latest = useRef({ schema: schema.answer, names, onChange });
  latest.current = { schema: schema.answer, names, onChange };
  const resetCount = useRef(0);
  useEffect(() => {
    let created: CodeEditor | undefined;
    let current = true;
    void import("./code-editor.ts").then(({ createEditor }) => {
      if (!current || !host.current) return;
      created = createEditor({
        host: host.current,
        text,
        label: `Text of ${file}`,
        schema: () => latest.current.schema,
        names: () => latest.current.names,
        onChange: (now) => latest.current.onChange(now),
      });
      setEditor(created);
    });
    return () => {
      current = false;
      created?.destroy();
    };
  }, [file]);
  useEffect(() => editor?.showDiagnostics(diagnostics), [editor, JSON.stringify(diagnostics)]);
  // Every other change of the text comes from the editor itself.
  useEffect(() => {
    if (resetCount.current > 0) editor?.setText(text);
  }, [resetCount.current]);
  return (
    <div class="editor">
      <div ref={host} />
      {!editor && <p class="note">Loading the editor …</p>}
      {onReset && (
        <button
          onClick={() => {
            resetCount.current++;
            onReset();
          }}
        >
          Revert to the contracts in force
        </button>
      )}
    </div>
  );
}
