import type { PublishedEvent } from "./published-event.ts";
import { Refused, request } from "./api.ts";

export type { PublishedEvent };
export interface FeedState {
  readonly connected: boolean;
  /** What the server said instead; it is not asked again the same way. */
  readonly refused?: Refused;
}

const RETRY_MS = 1_000;
/** Another try would be answered the same. */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403]);

/**
 * Follows `/api/v1/events/stream`, from now on; after a loss of the connection from where it was. `fetch`, because an
 * EventSource can't carry a token.
 * @returns ends it
 */
export function followEvents(
  filter: { readonly type?: string; readonly node_id?: string },
  on: { readonly event: (event: PublishedEvent) => void; readonly state?: (state: FeedState) => void },
): () => void {
  const abort = new AbortController();
  void (async () => {
    let lastId: string | undefined;
    while (!abort.signal.aborted) {
      try {
        const response = await request("/api/v1/events/stream", {
          query: filter,
          signal: abort.signal,
          ...(lastId !== undefined && { headers: { "last-event-id": lastId } }),
        });
        on.state?.({ connected: true });
        for await (const { id, type, data } of eventsOf(response)) {
          if (id !== undefined) lastId = id;
          if (type !== undefined && data !== undefined)
            on.event({ type, envelope: JSON.parse(data) as PublishedEvent["envelope"] });
        }
      } catch (error) {
        if (error instanceof Refused && REFUSALS.has(error.status))
          return on.state?.({ connected: false, refused: error });
        // Told below; the next try says whether it still holds.
      }
      if (abort.signal.aborted) return;
      on.state?.({ connected: false });
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  })();
  return () => abort.abort();
}

interface Frame {
  readonly id?: string;
  readonly type?: string;
  readonly data?: string;
}

async function* eventsOf(response: Response): AsyncGenerator<Frame> {
  const reader = (response.body as ReadableStream<BufferSource>).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (text + value).split("\n\n");
    text = frames.pop() as string;
    for (const frame of frames) yield frameOf(frame);
  }
}

function frameOf(text: string): Frame {
  const fields: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
  }
  const { id, event, data } = fields;
  return {
    ...(id !== undefined && { id }),
    ...(event !== undefined && { type: event }),
    ...(data !== undefined && { data }),
  };
}
