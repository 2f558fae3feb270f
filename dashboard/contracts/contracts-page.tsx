import type { ContractsView as ContractsAnswer } from "../../app/http/contracts/contracts.routes.ts";
import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import type { StateCounts } from "../../app/http/entities/node-counts.ts";
import { ContractText } from "./contract-text.tsx";
import { FlowDiagram } from "./flow-diagram.tsx";
import type { ContractsInForce } from "../../app/http/contracts/contracts-in-force-view.ts";
import { InForceCard, shortHash } from "./in-force-card.tsx";
import { VersionHistory } from "./version-history.tsx";
import { StateMachineDiagram } from "../diagrams/state-machine-diagram.tsx";
import { ErrorMessage } from "../shared/error-message.tsx";
import { navigate, usePageLocation } from "../shared/router.ts";
import { useApi } from "../shared/use-api.ts";
import "./contracts-page.css";

const COUNTS_MS = 3_000;
const IN_FORCE_MS = 5_000;

export function ContractsPage() {
  const contracts = useApi<ContractsAnswer>("/api/v1/contracts");
  const graph = useApi<ContractGraph>("/api/v1/contracts/graph");
  const counts = useApi<StateCounts>("/api/v1/contracts/counts", COUNTS_MS);
  const inForce = useApi<ContractsInForce>("/api/v1/contracts/in-force", IN_FORCE_MS);
  const { searchParams } = usePageLocation();
  const { answer } = contracts;
  const sourceRef = {
    file: searchParams.get("file") ?? answer?.files[0]?.file ?? "",
    line: Number(searchParams.get("line")) || undefined,
  };
  const openSource = (file: string, line?: number): void =>
    navigate(
      `/contracts?${new URLSearchParams({ file, ...(line !== undefined && { line: String(line) }) }).toString()}`,
      {
        replace: true,
      },
    );
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
      <ErrorMessage error={contracts.error ?? graph.error} title="Could not load the contracts" />
      <InForceCard
        inForce={inForce}
        onReloaded={() => {
          contracts.refetch();
          graph.refetch();
        }}
      />
      {graph.answer && (
        <div class="machines">
          {graph.answer.machines.map((machine, index) => (
            <section key={machine.name} class="card">
              <h2>{index === 0 ? "Orchestrator" : "Reducer"}</h2>
              <StateMachineDiagram
                machine={machine}
                counts={(index === 0 ? counts.answer?.orchestrator : counts.answer?.reducer) ?? {}}
                onSelectState={(state) =>
                  navigate(`/nodes?${index === 0 ? "state" : "reducer_state"}=${encodeURIComponent(state)}`)
                }
              />
            </section>
          ))}
        </div>
      )}
      {graph.answer && (
        <section class="card">
          <h2>Message flow</h2>
          <FlowDiagram graph={graph.answer} files={answer?.files ?? []} onOpenSource={openSource} />
        </section>
      )}
      {answer && <Files answer={answer} sourceRef={sourceRef} onFile={openSource} />}
      {answer && <VersionHistory key={answer.hash} history={answer.history} hash={answer.hash} />}
    </>
  );
}

interface FilesProps {
  readonly answer: ContractsAnswer;
  readonly sourceRef: { readonly file: string; readonly line: number | undefined };
  readonly onFile: (file: string) => void;
}

function Files({ answer: { files }, sourceRef, onFile }: FilesProps) {
  const shown = files.find(({ file }) => file === sourceRef.file) ?? files[0];
  if (!shown) return null;
  const { kind, name, contract_version, diagnostics } = shown;
  return (
    <section class="card">
      <h2>Files</h2>
      <div class="choices" role="group" aria-label="Files">
        {files.map(({ file, diagnostics }) => (
          <button key={file} aria-pressed={file === shown.file} onClick={() => onFile(file)}>
            {file}
            {diagnostics.length > 0 && ` (${diagnostics.length})`}
          </button>
        ))}
      </div>
      <p class="note">
        {kind.toLowerCase()} {name}, version {contract_version ?? "none"}:{" "}
        {diagnostics.length === 0 ? "no problems" : `${diagnostics.length} problems, shown below their lines`}
      </p>
      <ContractText key={shown.file} {...shown} line={shown.file === sourceRef.file ? sourceRef.line : undefined} />
    </section>
  );
}
