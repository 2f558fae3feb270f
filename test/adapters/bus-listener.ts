import type { BusListener, BusRecord } from "../../runtime/ports/event-bus.ts";

/** A listener that records its calls and lets a test wait for them. */
export class RecordingListener implements BusListener {
  readonly assignments: (readonly number[])[] = [];
  readonly records: BusRecord[] = [];
  readonly failures: unknown[] = [];
  /** "assigned" and "revoked", in the order of the calls. */
  readonly calls: string[] = [];
  #changed: () => void = () => {};

  onAssigned(partitions: readonly number[]): void {
    this.assignments.push(partitions);
    this.calls.push("assigned");
    this.#changed();
  }

  onRevoked(): void {
    this.calls.push("revoked");
    this.#changed();
  }

  onRecords(records: readonly BusRecord[]): void {
    this.records.push(...records);
    this.#changed();
  }

  onFailure(error: unknown): void {
    this.failures.push(error);
    this.#changed();
  }

  /** Values as text, of one topic and partition, in the order of arrival. */
  values(topic: string, partition: number): (string | undefined)[] {
    return this.of(topic, partition).map(({ value }) => value?.toString());
  }

  of(topic: string, partition: number): BusRecord[] {
    return this.records.filter((record) => record.topic === topic && record.partition === partition);
  }

  /** Resolves when the condition holds; rejects after 30 s, which is longer than any bus needs. */
  async until(condition: () => boolean, timeoutMs = 30_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!condition()) {
      if (this.failures.length > 0) throw this.failures[0];
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`not within ${timeoutMs} ms: ${condition}; calls so far: ${this.#summary()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #summary(): string {
    return `${this.calls.join(", ")}; ${this.records.length} records`;
  }
}
