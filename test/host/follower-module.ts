import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { defineModule, type Module, type ModuleCode } from "../../app/host/module.ts";
import { message } from "../../runtime/core/message.ts";

export interface Follower {
  /** What it reads, and from where. */
  readonly type?: string;
  readonly topic?: string;
  /** The field by which its entities are known. */
  readonly entityId?: string;
}

/** The contract of a domain `deliveries`, which follows the toy domain's orders. */
export const followerContract = ({
  type = "OrderPlaced",
  topic = "{env}.{namespace}.books.orders",
  entityId = "order_id",
}: Follower = {}): string => `
name: deliveries
node_type: ORCHESTRATOR
contract_version: { major: 1, minor: 0, patch: 0 }
domain: deliveries
entity_id: ${entityId}
consumed_events:
  - { event_type: ${type}, topic: "${topic}", other_types: skip }
published_events:
  - { event_type: DeliveryPlanned }
handler_routing:
  handlers:
    - { event_model: { name: ${type} }, output_events: [DeliveryPlanned] }
state_machine:
  states: [{ state_name: PLANNED, is_terminal: true }]
  transitions:
    - { from_state: [null, PLANNED], trigger: DeliveryPlanned, to_state: PLANNED }
`;

export const followerCode = ({ type = "OrderPlaced", entityId = "order_id" }: Follower = {}): ModuleCode => ({
  messages: [message(type, { [entityId]: z.string() }), message("DeliveryPlanned", {})],
});

export function followerModule(folder: string, follower: Follower = {}): Module {
  const contracts = join(folder, "deliveries");
  mkdirSync(contracts, { recursive: true });
  writeFileSync(join(contracts, "deliveries.yaml"), followerContract(follower));
  const code = () => followerCode(follower);
  return defineModule({
    ...{ api: 1, name: "deliveries" },
    domains: [{ name: "deliveries", contracts: pathToFileURL(`${contracts}/`), code }],
  });
}
