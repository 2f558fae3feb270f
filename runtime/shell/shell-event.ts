import type { Decision } from "../core/decision.ts";
import type { Message } from "../core/message.ts";

/** What the shell tells whoever watches: logs, metrics, the demo's timeline. Told after it became true. */
export type ShellEvent =
  | { readonly kind: "decision"; readonly partition: number; readonly message: Message; readonly decision: Decision }
  | { readonly kind: "repeat"; readonly partition: number; readonly type: string }
  | { readonly kind: "rekeyed"; readonly partition: number; readonly topic: string }
  | {
      readonly kind: "dead_letter";
      readonly partition: number;
      readonly topic: string;
      readonly offset: number;
      readonly code: string;
      readonly error: string;
    }
  | { readonly kind: "turn"; readonly messages: number; readonly durationMs: number }
  | { readonly kind: "published"; readonly messages: number; readonly durationMs: number }
  | {
      readonly kind: "intent";
      readonly type: string;
      readonly backend: string;
      readonly result: "done" | "retried" | "failed" | "gave_way";
      readonly code?: string;
    }
  | { readonly kind: "deadline_fired"; readonly name: string; readonly lateMs: number }
  | { readonly kind: "breaker"; readonly backend: string; readonly open: boolean }
  | { readonly kind: "partitions"; readonly owned: readonly number[]; readonly refused: readonly string[] }
  | { readonly kind: "lost"; readonly partitions: readonly number[] }
  | { readonly kind: "unpublishable"; readonly topic: string; readonly error: string }
  | { readonly kind: "trouble"; readonly part: "bus" | "store"; readonly error: string }
  | { readonly kind: "recovered"; readonly part: "bus" | "store"; readonly outageMs: number };

export type Observe = (event: ShellEvent) => void;
