import { kafkaBus, message, patience, unique } from "./kafka-test-bus.ts";
import { RecordingListener } from "../bus-listener.ts";

/** A process of its own that uses a bus and ends by itself: `tsx bus-process.ts <brokers>`. */
const bus = kafkaBus(process.argv[2] ?? "", { log: (level, text, details) => console.error(level, text, details) });
const topic = unique("in");
try {
  await bus.prepare({ input: [topic], output: [], partitions: 1 });
  const listener = new RecordingListener();
  await bus.subscribe([topic], listener);
  await listener.until(() => listener.assignments.length > 0);
  bus.startPartition(0, new Map([[topic, 0]]));
  await bus.publish([message(topic, 0, "hello")], patience);
  await listener.until(() => listener.records.length > 0);
  console.log(String(listener.records[0]?.value));
} catch (error) {
  console.log(error instanceof Error ? error.message : "no error");
}
await bus.close();
console.log("closed");
