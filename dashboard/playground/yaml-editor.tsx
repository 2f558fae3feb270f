import { useEffect, useRef, useState } from "preact/hooks";
import type { ContractDiagnostic } from "../../app/http/contracts/contracts.routes.ts";
import { useApi } from "../shared/use-api.ts";
import type { CodeEditor } from "./code-editor.ts";
import type { JsonSchema } from "./schema-completion.ts";

interface YamlEditorProps {
  readonly file: string;
  readonly text: string;
  readonly diagnostics: readonly ContractDiagnostic[];
  readonly names: readonly string[];
  readonly onChange: (text: string) => void;
  /** The text in force, where the edited one differs. */
  readonly inForce: string | undefined;
}

/** An editor for a contract. Its library is loaded when the first one is shown. */
export function YamlEditor({ file, text, diagnostics, names, onChange, inForce }: YamlEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const [editor, setEditor] = useState<CodeEditor>();
  const schema = useApi<JsonSchema>("/schemas/contract.schema.json");
  const latest = useRef({ schema: schema.answer, names, onChange });
  latest.current = { schema: schema.answer, names, onChange };
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
  return (
    <div class="editor">
      <div ref={host} />
      {!editor && <p class="note">Loading the editor …</p>}
      {inForce !== undefined && (
        <button onClick={() => editor?.setText(inForce)}>Revert to the contracts in force</button>
      )}
    </div>
  );
}
