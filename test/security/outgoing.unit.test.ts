import { describe, expect, it } from "vitest";
import { filesIn } from "../tidy/sources.ts";

/** The files that open connections, and to where: addresses from the configuration, or what is said here. */
const OUTGOING: Readonly<Record<string, string>> = {
  // Names that an operator has admitted, in the networks that the configuration allows.
  "app/modules/flow-node/asking/allowed-address.ts": "looks them up",
  "app/modules/flow-node/asking/ask-node.ts": "the address that was looked up",
  "app/terminal/server-client.ts": "--url, ROLLCALL_URL",
  "client/event-stream.ts": "the transport's url",
  "client/http-sender.ts": "the transport's url",
  "client/json-request.ts": "--registry-url, the client's url",
  "client/kafka-connection.ts": "the transport's brokers",
  "effects/consul/consul-client.ts": "CONSUL_HTTP_ADDR",
  "effects/process/http-run.ts": "the scope file's flows, and it is sent on nowhere",
  "runtime/adapters/kafka/kafka-client.ts": "KAFKA_BOOTSTRAP_SERVERS and the brokers that they name",
  "runtime/adapters/postgres/postgres-locks.ts": "DATABASE_URL",
  "runtime/adapters/postgres/postgres-notices.ts": "DATABASE_LISTEN_URL",
  "runtime/adapters/postgres/postgres-store.ts": "DATABASE_URL",
};
const OPENS = new RegExp(
  [
    /(?<![.\w])(?<!async )fetch\(|new WebSocket|new EventSource/,
    /from "node:(?:net|tls|http2|dns|dgram)(?:\/\w+)?"/,
    /import \{[^}]*\brequest\b[^}]*\} from "node:https?"/,
    /new (?:Kafka|pg\.\w+|Client|Pool)\(/,
  ]
    .map(({ source }) => source)
    .join("|"),
);
/** Types, and what only reads addresses or certificates, open nothing. */
const HARMLESS = [
  /^import type .*$/gm,
  /^import \{ (?:BlockList, )?isIP \} from "node:net";$/gm,
  /^import \{ createSecureContext, type \w+ \} from "node:tls";$/gm,
];
const withoutHarmless = (text: string): string => HARMLESS.reduce((left, each) => left.replace(each, ""), text);
const CODE = ["app", "client", "contracts", "effects", "nodes", "reducers", "runtime"];

describe("connections to others", () => {
  it("are opened only in files that do not handle texts of nodes", () => {
    const found = CODE.flatMap((folder) => filesIn(folder)).filter(({ text }) => OPENS.test(withoutHarmless(text)));
    expect(found.map(({ path }) => path).toSorted()).toEqual(Object.keys(OUTGOING).toSorted());
  });
});
