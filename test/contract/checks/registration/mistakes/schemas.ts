import { z } from "zod";
import { NodeDeregister } from "../../../../../contracts/registration/messages/node-deregister.ts";
import { message } from "../../../../../runtime/core/message.ts";
import { effects, type Mistake, orchestrator, reducer } from "./mistake.ts";

const when = (expression: string) => orchestrator(/when: "epoch > [^"]*"/, `when: "${expression}"`);

const withDoor = message("NodeDeregister", { ...NodeDeregister.shape, door: z.string().optional() });

/** RC107, RC108 and RC112: placeholders, expressions and reserved names, held against the schemas. */
export const schemas: readonly Mistake[] = [
  {
    mistake: "a field that is called like what a gateway adds",
    edits: [],
    code: (shipped) => ({
      ...shipped,
      messages: shipped.messages.map((each) => (each.messageType === "NodeDeregister" ? withDoor : each)),
    }),
    gives: [
      'RC112 orchestrator.yaml: - { topic: "{env}.{namespace}.onex.cmd.node-deregister.v1", event_type: ' +
        "«NodeDeregister» }",
    ],
    says: "NodeDeregister declares door",
  },
  {
    mistake: "a placeholder that no topic has",
    edits: [
      orchestrator('"{env}.{namespace}.onex.evt.node-updated.v1"', '"{env}.{namspace}.onex.evt.node-updated.v1"'),
    ],
    gives: [
      'RC107 orchestrator.yaml: - { topic: "{env}.«{namspace}».onex.evt.node-updated.v1", event_type: NodeUpdated }',
    ],
    says: "nothing fills {namspace}",
    suggestion: "namespace",
  },
  {
    mistake: "a placeholder in a target that the intent's payload does not have",
    edits: [
      reducer(
        'intent_type: consul.set_status, target_pattern: "consul://service/{service_id}"',
        'intent_type: consul.set_status, target_pattern: "consul://service/{service}"',
      ),
    ],
    gives: [
      "RC107 reducer.yaml: - { action_name: emit_consul_status, intent_type: consul.set_status, " +
        'target_pattern: "consul://service/«{service}»" }',
    ],
    says: "nothing fills {service}: the payload of consul.set_status has service_id, status, note",
  },
  {
    mistake: "a placeholder in a backend that the intent's payload does not have",
    edits: [effects("backend: postgres", "backend: postgres/{host}")],
    gives: ["RC107 effects.yaml: backend: postgres/«{host}»"],
    says: "nothing fills {host}: the payload of postgres.upsert_registration has",
  },
  {
    mistake: "a brace in a target without its other half",
    edits: [reducer('"postgres://node_registrations/{node_id}"', '"postgres://node_registrations/{node_id"')],
    gives: [
      "RC107 reducer.yaml: - { action_name: emit_postgres_intent, intent_type: postgres.upsert_registration, " +
        'target_pattern: "postgres://node_registrations/«{»node_id" }',
    ],
    says: "unmatched brace",
  },
  {
    mistake: "a path that the payload does not have",
    edits: [when("epochs > state.node.epoch")],
    gives: ['RC108 orchestrator.yaml: when: "«epochs» > state.node.epoch"'],
    says: "the payload has no epochs",
    suggestion: "epoch",
  },
  {
    mistake: "a path that the reducer's state does not have",
    edits: [when("epoch > state.node.epocs")],
    gives: ['RC108 orchestrator.yaml: when: "epoch > «state.node.epocs»"'],
    says: "the reducer's state has no node.epocs",
    suggestion: "state.node.epoch",
  },
  {
    mistake: "a member that an enum does not have",
    edits: [
      orchestrator(
        'when: "reason == shutdown"\n          action: deregister',
        'when: "reason == shutdwn"\n          action: deregister',
      ),
    ],
    gives: ['RC108 orchestrator.yaml: when: "reason == «shutdwn»"'],
    says: "reason is never shutdwn: it is one of startup",
    suggestion: "shutdown",
  },
  {
    mistake: "a comparison of a number with a text",
    edits: [when("epoch > yesterday")],
    gives: ['RC108 orchestrator.yaml: when: "epoch > «yesterday»"'],
    says: "epoch is a number, and yesterday is a string",
  },
  {
    mistake: "a comparison of two fields of different types",
    edits: [when("epoch == state.node.node_type")],
    gives: ['RC108 orchestrator.yaml: when: "epoch == «state.node.node_type»"'],
    says: "epoch is a number, and state.node.node_type is a string",
  },
  {
    mistake: "a path that is misspelt where a text may stand",
    edits: [orchestrator("node_type != state.node.node_type", "node_type != staet.node.node_type")],
    gives: ['RC108 orchestrator.yaml: when: "node_type != «staet.node.node_type»"'],
    says: "staet.node.node_type is a text here",
    suggestion: "state.node.node_type",
  },
  {
    mistake: "a test that the field's type does not have",
    edits: [when("epoch contains 3")],
    gives: ['RC108 orchestrator.yaml: when: "epoch «contains» 3"'],
    says: "contains tests a list or string, but epoch is a number",
  },
  {
    mistake: "a pattern that RE2 does not take, where it stands",
    edits: [when("node_id matches 'a(?=b)'")],
    gives: ["RC108 orchestrator.yaml: when: \"node_id matches «'a(?=b)'»\""],
    says: "not a pattern that RE2 takes",
  },
  {
    mistake: "an expression that can't be read, with its column",
    edits: [when("epoch >> state.node.epoch")],
    gives: ['RC108 orchestrator.yaml: when: "epoch >«>» state.node.epoch"'],
    says: "expected a value, found >",
  },
  {
    mistake: "unconfirmed compared with a text",
    edits: [reducer('expression: "unconfirmed == 0"', 'expression: "unconfirmed == none"')],
    gives: [
      "RC108 reducer.yaml: - { from_state: [pending, partial], trigger: backend_confirmed, to_state: complete, " +
        'conditions: [{ expression: "unconfirmed == «none»" }] }',
    ],
    says: "unconfirmed is a number, and none is a string",
  },
  {
    mistake: "a condition on a field that no event of its trigger has",
    edits: [reducer('expression: "node_id is_present"', 'expression: "rejection_reason is_present"')],
    gives: ['RC108 reducer.yaml: conditions: [{ expression: "«rejection_reason» is_present" }]'],
    says: "the payload has no rejection_reason",
  },
  {
    mistake: "an entity_id that not every consumed event has",
    edits: [orchestrator("entity_id: node_id", "entity_id: node_name")],
    gives: [
      "RC108 orchestrator.yaml: entity_id: «node_name»",
      'RC108 reducer.yaml: conditions: [{ expression: "«node_id» is_present" }]',
    ],
    says: "not every consumed event has a text field node_name",
  },
];
