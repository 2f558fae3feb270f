import { describeReal } from "../../real/services/describe-real.ts";
import { describeEventBus } from "../bus-conformance.ts";
import { kafkaBus } from "./kafka-test-bus.ts";

describeReal("Kafka", ({ kafka }) => {
  describeEventBus("KafkaBus", { create: () => Promise.resolve(kafkaBus(kafka)) });
});
