import type { Contracts as ContractsAnswer } from "../../app/http/contracts/contracts.routes.ts";
import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import type { StateCounts } from "../../app/http/entities/state-counts.routes.ts";
import { ContractText } from "./contract-text.tsx";
import { FlowPicture } from "./flow-diagram.tsx";
import type { InForce } from "../../app/http/contracts/contracts-in-force-view.ts";
import { InForceCard, shortHash } from "./in-force-card.tsx";
import { Versions } from "./version-history.tsx";
import { Machine } from "../diagrams/state-machine-diagram.tsx";
import { Trouble } from "../shared/error-message.tsx";
import { go, usePlace } from "../shared/router.ts";
import { useAsked } from "../shared/use-api.ts";
import "./contracts-page.css";

const COUNTS_MS = 3_000;
const IN_FORCE_MS = 5_000;

export function Contracts() {
  const contracts = useAsked<ContractsAnswer>("/api/v1/contracts");
  const graph = useAsked<ContractGraph>("/api/v1/contracts/graph");
  const counts = useAsked<StateCounts>("/api/v1/contracts/counts", COUNTS_MS);
  const inForce = useAsked<InForce>("/api/v1/contracts/in-force", IN_FORCE_MS);
  const { query } = usePlace();
  const { answer } = contracts;
  const place = {
    file: query.get("file") ?? answer?.files[0]?.file ?? "",
    line: Number(query.get("line")) || undefined,
  };
  const lookAt = (file: string, line?: number): void =>
    go(`/contracts?${new URLSearchParams({ file, ...(line !== undefined && { line: String(line) }) }).toString()}`, {
      replace: true,
    });
  return (
    <>
      <h1>
        Contracts{" "}
        {answer && (
          <span class="note">
            of {answer.domain}, <code title={answer.hash}>{shortHash(answer.hash)}</code>
          </span>
        )}
      </h1>
      <Trouble error={contracts.error ?? graph.error} what="The contracts are not known" />
      <InForceCard
        asked={inForce}
        onReloaded={() => {
          contracts.again();
          graph.again();
        }}
      />
      {graph.answer && (
        <div class="machines">
          {graph.answer.machines.map((machine, index) => (
            <section key={machine.name} class="card">
              <h2>{index === 0 ? "What a node goes through" : "What is written for it"}</h2>
              <Machine
                machine={machine}
                counts={(index === 0 ? counts.answer?.orchestrator : counts.answer?.reducer) ?? {}}
                onState={(state) =>
                  go(`/nodes?${index === 0 ? "state" : "reducer_state"}=${encodeURIComponent(state)}`)
                }
              />
            </section>
          ))}
        </div>
      )}
      {graph.answer && (
        <section class="card">
          <h2>What leads to what</h2>
          <FlowPicture graph={graph.answer} files={answer?.files ?? []} onPlace={lookAt} />
        </section>
      )}
      {answer && <Files answer={answer} place={place} onFile={lookAt} />}
      {answer && <Versions key={answer.hash} history={answer.history} hash={answer.hash} />}
    </>
  );
}

interface FilesProps {
  readonly answer: ContractsAnswer;
  readonly place: { readonly file: string; readonly line: number | undefined };
  readonly onFile: (file: string) => void;
}

function Files({ answer: { files }, place, onFile }: FilesProps) {
  const shown = files.find(({ file }) => file === place.file) ?? files[0];
  if (!shown) return null;
  const { kind, name, contract_version, diagnostics } = shown;
  return (
    <section class="card">
      <h2>Files</h2>
      <div class="choices" role="group" aria-label="Files">
        {files.map(({ file, diagnostics: found }) => (
          <button key={file} aria-pressed={file === shown.file} onClick={() => onFile(file)}>
            {file}
            {found.length > 0 && ` (${found.length})`}
          </button>
        ))}
      </div>
      <p class="note">
        {kind.toLowerCase()} {name}, version {contract_version ?? "none"}:{" "}
        {diagnostics.length === 0 ? "no problems" : `${diagnostics.length} to look at, below their lines`}
      </p>
      <ContractText key={shown.file} {...shown} line={shown.file === place.file ? place.line : undefined} />
    </section>
  );
}
