import { randomUUID } from "node:crypto";
import { KafkaBus } from "../../../runtime/adapters/kafka-bus.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { describeEventBus } from "../bus-conformance.ts";
import { SystemClock } from "../../../runtime/adapters/system-clock.ts";

describeReal("Kafka", ({ kafka }) => {
  describeEventBus("KafkaBus", {
    create: () =>
      Promise.resolve(
        new KafkaBus({
          brokers: kafka.split(","),
          clientId: "test",
          groupId: `g-${randomUUID()}`,
          clock: new SystemClock(),
          log: (l, m, d) => console.log(l, m, JSON.stringify(d)),
        }),
      ),
  });
});
