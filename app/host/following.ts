import type { Domain } from "../../runtime/core/domain.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { Notices } from "../../runtime/ports/notices.ts";
import type { Sql } from "../../runtime/ports/store.ts";
import { Followers } from "../../runtime/shell/follow/followers.ts";
import { JournalReader } from "../../runtime/shell/follow/journal-reader.ts";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";

interface FollowingParts {
  readonly name: string;
  readonly runtime: {
    /** Those in force. */
    readonly contracts: { readonly domain: Domain };
    /** How many partitions the domain has over all processes. */
    status(): { readonly partitions: number };
  };
  readonly store: Sql;
  readonly clock: Clock;
  readonly notices: Notices;
}

/** How callers of this process hear what becomes of a domain's messages, in whichever process. */
export function openFollowing({ name, runtime, store, clock, notices }: FollowingParts) {
  const reader = new JournalReader({ domain: name, store, clock, notices });
  const followers = new Followers({
    ...{ store, clock, reader },
    domain: () => runtime.contracts.domain,
    partitionCount: () => runtime.status().partitions,
  });
  return {
    reader,
    followers,
    /** To be given what the domain's runtime tells. */
    observe(event: ShellEvent): void {
      if (event.kind !== "committed") return;
      reader.passOn(event);
      notices.tell(name, new Map(event.partitions.map(({ partition, lastLine }) => [partition, lastLine])));
    },
    close(): void {
      followers.close();
      reader.close();
    },
  };
}
