import { type Program, startProgram } from "../test/blackbox/program.ts";
import { freshDatabase } from "../test/real/services/fresh-database.ts";
import { environmentOf, type ServiceAddresses } from "../test/real/services/service-addresses.ts";

/** One runtime in a namespace and a database of its own. */
export interface Scene {
  readonly program: Program;
  /** The namespace. */
  readonly runId: string;
  /** Of Postgres. */
  readonly database: string;
  /** One more process, or the first again. */
  start(): Promise<Program>;
}

export interface SceneOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly contractsDir?: string;
}

export async function withScene<Result>(
  services: ServiceAddresses,
  { environment = {}, contractsDir }: SceneOptions,
  play: (scene: Scene) => Promise<Result>,
): Promise<Result> {
  const runId = `scene${Date.now().toString(36)}`;
  const fresh = await freshDatabase(services.database);
  const programs: Program[] = [];
  const start = async (): Promise<Program> => {
    const program = await startProgram({
      environment: {
        ...environmentOf({ ...services, database: fresh.url }),
        ROLLCALL_NAMESPACE: runId,
        ROLLCALL_PARTITIONS: "12",
        ROLLCALL_LOG_LEVEL: "error",
        ROLLCALL_HTTP_RATE_MAX: "1000000",
        ...environment,
      },
      contractsDir,
    });
    programs.push(program);
    return program;
  };
  try {
    return await play({ program: await start(), runId, database: fresh.url, start });
  } finally {
    await Promise.all(programs.map((each) => each.stop()));
    await fresh.drop();
  }
}
