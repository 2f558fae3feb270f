import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import type { ContractsInForce } from "../../app/http/contracts/reload.routes.ts";
import type { ContractsView } from "../../app/http/contracts/contracts.routes.ts";
import type { StateCounts } from "../../app/http/entities/entity-counts.ts";
import { useDomain, useDomainApi } from "../domains/domain.ts";
import { StateMachineDiagram } from "../diagrams/state-machine-diagram.tsx";
import { ErrorMessage } from "../shared/error-message.tsx";
import { ToggleGroup } from "../shared/fields.tsx";
import { navigate, pathWithQuery, usePageLocation } from "../shared/router.tsx";
import { ContractText } from "./contract-text.tsx";
import { FlowDiagram } from "./flow-diagram.tsx";
import { InForceCard, shortHash } from "./in-force-card.tsx";
import { VersionHistory } from "./version-history.tsx";

const COUNTS_MS = 3_000;
const IN_FORCE_MS = 5_000;

export function Page() {
  const { page } = useDomain();
  const contracts = useDomainApi<ContractsView>("/contracts");
  const graph = useDomainApi<ContractGraph>("/contracts/graph");
  const inForce = useDomainApi<ContractsInForce>("/contracts/in-force", IN_FORCE_MS);
  const { searchParams } = usePageLocation();
  const { answer } = contracts;
  const refetch = (): void => [contracts, graph].forEach((each) => each.refetch());
  const openSource = (file: string, line?: number): void =>
    navigate(pathWithQuery(page("/contracts"), { file, line }), { replace: true });
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
      <InForceCard inForce={inForce} onReloaded={refetch} />
      {graph.answer && <Machines machines={graph.answer.machines} />}
      {graph.answer && (
        <section class="card">
          <h2>Message flow</h2>
          <FlowDiagram graph={graph.answer} files={answer?.files ?? []} onOpenSource={openSource} />
        </section>
      )}
      {answer && (
        <Files
          files={answer.files}
          file={searchParams.get("file")}
          line={Number(searchParams.get("line")) || undefined}
          onFile={openSource}
        />
      )}
      {answer && <VersionHistory key={answer.hash} history={answer.history} hash={answer.hash} />}
    </>
  );
}

const MACHINES = [
  { title: "Orchestrator", countsKey: "orchestrator", filter: "state" },
  { title: "Reducer", countsKey: "reducer", filter: "reducer_state" },
] as const;

/** Both state machines, with the number of entities in each state. */
function Machines({ machines }: Pick<ContractGraph, "machines">) {
  const { entitiesPage } = useDomain();
  const { answer } = useDomainApi<StateCounts>("/contracts/counts", COUNTS_MS);
  return (
    <>
      {MACHINES.map(({ title, countsKey, filter }, index) => {
        const machine = machines[index];
        return (
          machine && (
            <section key={title} class="card">
              <h2>{title}</h2>
              <StateMachineDiagram
                machine={machine}
                counts={answer?.[countsKey] ?? {}}
                onSelectState={(state) => navigate(pathWithQuery(entitiesPage(), { [filter]: state }))}
              />
            </section>
          )
        );
      })}
    </>
  );
}

interface FilesProps extends Pick<ContractsView, "files"> {
  /** The file that is shown; null: the first. */
  readonly file: string | null;
  readonly line: number | undefined;
  readonly onFile: (file: string) => void;
}

function Files({ files, file: selected, line, onFile }: FilesProps) {
  const shown = files.find(({ file }) => file === selected) ?? files[0];
  if (!shown) return null;
  const { kind, name, contract_version, diagnostics } = shown;
  const labelOf = (name: string): string => {
    const count = files.find(({ file }) => file === name)?.diagnostics.length ?? 0;
    return count > 0 ? `${name} (${count})` : name;
  };
  return (
    <section class="card">
      <h2>Files</h2>
      <ToggleGroup
        label="Files"
        options={files.map(({ file }) => file)}
        pressed={shown.file}
        onPress={onFile}
        content={labelOf}
      />
      <p class="note">
        {kind.toLowerCase()} {name}, version {contract_version ?? "none"}:{" "}
        {diagnostics.length === 0 ? "no problems" : `${diagnostics.length} problems, shown below their lines`}
      </p>
      <ContractText key={shown.file} {...shown} line={shown.file === (selected ?? shown.file) ? line : undefined} />
    </section>
  );
}
