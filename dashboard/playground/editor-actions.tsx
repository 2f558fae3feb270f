import { useState } from "preact/hooks";
import { useDomain } from "../domains/domain.ts";
import { fetchJson } from "../shared/api.ts";
import { ErrorMessage } from "../shared/error-message.tsx";
import { useAction } from "../shared/use-action.ts";
import type { CheckOptions } from "./use-contract-check.ts";

const HOURS_MAX = 168;

interface EditorActionsProps {
  readonly file: string;
  readonly text: string;
  readonly busy: boolean;
  readonly run: (options: CheckOptions) => Promise<void>;
  readonly canSave: boolean;
  readonly editable: boolean;
}

/** What can be done with the edited contracts: explore, plan, download, save. */
export function EditorActions({ file, text, busy, run, canSave, editable }: EditorActionsProps) {
  const { api } = useDomain();
  const [hours, setHours] = useState(24);
  const { message, error, start } = useAction();
  const save = async (): Promise<string> => {
    await fetchJson(api(`/contracts/files/${encodeURIComponent(file)}`), { method: "PUT", body: { text } });
    return `${file} is saved.`;
  };
  return (
    <>
      <div class="choices editor-actions">
        <button disabled={busy} onClick={() => void run({ model: true })}>
          Explore all paths
        </button>
        <span>
          <button disabled={busy} onClick={() => void run({ plan_hours: hours })}>
            Plan
          </button>{" "}
          <label>
            over{" "}
            <input
              type="number"
              min={1}
              max={HOURS_MAX}
              value={hours}
              onInput={({ currentTarget: { value } }) => setHours(Math.min(HOURS_MAX, Math.max(1, Number(value) || 1)))}
            />{" "}
            hours
          </label>
        </span>
        <button onClick={() => downloadFile(file, text)}>Download</button>
        {editable && (
          <button disabled={!canSave} onClick={() => void start(save)}>
            Save
          </button>
        )}
      </div>
      <p class="note" role="status">
        {message ?? (editable ? "" : "Under rollcall dev, contracts can be saved from here.")}
      </p>
      <ErrorMessage error={error} title="Save failed" />
    </>
  );
}

function downloadFile(file: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
  link.download = file;
  link.click();
  URL.revokeObjectURL(link.href);
}
