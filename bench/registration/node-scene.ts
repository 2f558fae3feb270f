import type { ServiceAddresses } from "../../test/real/services/service-addresses.ts";
import type { LoadEntity } from "../load.ts";
import { type Scene, type SceneOptions, withScene } from "../scene.ts";
import { type BenchTopics, benchTopics, KafkaNodes } from "./kafka-nodes.ts";

/** A runtime, and nodes that answer it. */
export interface NodeScene extends Scene {
  readonly nodes: KafkaNodes;
  readonly topics: BenchTopics;
  /** Ids that became active, each once. */
  readonly active: Set<string>;
}

export const withNodes = <Result>(
  services: ServiceAddresses,
  options: SceneOptions,
  play: (scene: NodeScene) => Promise<Result>,
): Promise<Result> =>
  withScene(services, options, async (scene) => {
    const topics = benchTopics(scene.runId);
    const nodes = await KafkaNodes.connect(services.kafka, topics, scene.runId, { canLeave: false });
    const active = new Set<string>();
    nodes.onStep = (step, id) => void (step === "active" && active.add(id));
    try {
      return await play({ ...scene, nodes, topics, active });
    } finally {
      await nodes.close();
    }
  });

export const nodeAt = (index: number): LoadEntity => ({ id: `node-${index}`, index });
