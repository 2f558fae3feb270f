import type { PublishedEvent } from "./published-event.ts";
import { ApiError, request } from "./api.ts";

export type { PublishedEvent };
export interface StreamState {
  readonly connected: boolean;
  /** What the server said instead; it is not asked again the same way. */
  readonly rejection?: ApiError;
}

const RETRY_MS = 1_000;
/** Another try would be answered the same. */
const FINAL_STATUSES: ReadonlySet<number> = new Set([400, 401, 403]);

/**
 * Follows `/api/v1/events/stream`, from now on; after a loss of the connection from where it was. `fetch`, because an
 * EventSource can't carry a token.
 * @returns ends it
 */
export function subscribeToEvents(
  filter: { readonly type?: string; readonly node_id?: string },
  handlers: { readonly event: (event: PublishedEvent) => void; readonly state?: (state: StreamState) => void },
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
        handlers.state?.({ connected: true });
        for await (const { id, type, data } of readFrames(response)) {
          if (id !== undefined) lastId = id;
          if (type !== undefined && data !== undefined)
            handlers.event({ type, envelope: JSON.parse(data) as PublishedEvent["envelope"] });
        }
      } catch (error) {
        if (error instanceof ApiError && FINAL_STATUSES.has(error.status))
          return handlers.state?.({ connected: false, rejection: error });
        // Told below; the next try says whether it still holds.
      }
      if (abort.signal.aborted) return;
      handlers.state?.({ connected: false });
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  })();
  return () => abort.abort();
}

interface SseFrame {
  readonly id?: string;
  readonly type?: string;
  readonly data?: string;
}

async function* readFrames(response: Response): AsyncGenerator<SseFrame> {
  const reader = (response.body as ReadableStream<BufferSource>).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (text + value).split("\n\n");
    text = frames.pop() as string;
    for (const frame of frames) yield parseFrame(frame);
  }
}

function parseFrame(text: string): SseFrame {
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
