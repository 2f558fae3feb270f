import { useEffect, useRef, useState } from "preact/hooks";
import type { ContractDiagnostic } from "../../app/http/contracts/contract-views.ts";
import { useAsked } from "../shared/use-api.ts";
import type { CodeEditor } from "./code-editor.ts";
import type { JsonSchema } from "./schema-completion.ts";

interface SchemaEditorProps {
  readonly file: string;
  readonly text: string;
  readonly diagnostics: readonly ContractDiagnostic[];
  readonly names: readonly string[];
  readonly onChange: (text: string) => void;
  /** Undefined: it is as it runs. */
  readonly onReset: (() => void) | undefined;
}

/** The editor is loaded with the first contract that is edited. */
export function SchemaEditor({ file, text, diagnostics, names, onChange, onReset }: SchemaEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<CodeEditor>();
  const schema = useAsked<JsonSchema>("/schemas/contract.schema.json");
  const latest = useRef({ schema: schema.answer, names, onChange });
  latest.current = { schema: schema.answer, names, onChange };
  const reset = useRef(0);
  useEffect(() => {
    let opened: CodeEditor | undefined;
    let current = true;
    void import("./code-editor.ts").then(({ openEditor }) => {
      if (!current || !host.current) return;
      opened = openEditor({
        host: host.current,
        text,
        label: `Text of ${file}`,
        schema: () => latest.current.schema,
        names: () => latest.current.names,
        onChange: (now) => latest.current.onChange(now),
      });
      setEditor(opened);
    });
    return () => {
      current = false;
      opened?.destroy();
    };
  }, [file]);
  useEffect(() => editor?.show(diagnostics), [editor, JSON.stringify(diagnostics)]);
  // Only a reset brings a text from outside.
  useEffect(() => {
    if (reset.current > 0) editor?.replace(text);
  }, [reset.current]);
  return (
    <div class="editor">
      <div ref={host} />
      {!editor && <p class="note">Loading the editor …</p>}
      {onReset && (
        <button
          onClick={() => {
            reset.current++;
            onReset();
          }}
        >
          Back to what runs
        </button>
      )}
    </div>
  );
}
