import { EmbeddedWorld } from "../../blackbox/registration/embedded-world.ts";
import { contractsCopy, deadlinesOf } from "../../blackbox/registration/contracts-copy.ts";
import { TestNode } from "../../blackbox/registration/test-node.ts";

/** The program in a process and folder of its own, with deadlines that a test can wait for. */
export interface PageSystem {
  readonly url: string;
  node(id: string, about?: Readonly<Record<string, unknown>>): TestNode;
  close(): Promise<void>;
}

export async function startPageSystem(ack = "30s", liveness = "30s"): Promise<PageSystem> {
  const contracts = contractsCopy(...deadlinesOf(ack, liveness));
  const world = await EmbeddedWorld.create({ contractsDir: contracts.dir });
  return {
    url: world.url,
    node: (id, about) => new TestNode(world, id, about),
    close: async () => {
      await world.close();
      contracts.remove();
    },
  };
}
