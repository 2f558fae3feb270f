import { ApiError, request } from "./api.ts";
import type { PublishedEvent } from "./published-event.ts";

export interface StreamState {
  readonly connected: boolean;
  /** Why the server refused; it is not asked again. */
  readonly rejection?: ApiError;
}

const RETRY_MS = 1_000;
/** The same request would be refused again. */
const FINAL_STATUSES: ReadonlySet<number> = new Set([400, 401, 403]);

/**
 * Follows a stream of events from now on; after a lost connection from the last event received. Uses `fetch`, because
 * an EventSource can't send a token.
 * @param path with the filters
 * @returns ends the subscription
 */
export function subscribeToEvents(
  path: string,
  handlers: { readonly event: (event: PublishedEvent) => void; readonly state?: (state: StreamState) => void },
): () => void {
  const abort = new AbortController();
  void (async () => {
    let lastId: string | undefined;
    while (!abort.signal.aborted) {
      try {
        const response = await request(path, {
          signal: abort.signal,
          ...(lastId !== undefined && { headers: { "last-event-id": lastId } }),
        });
        handlers.state?.({ connected: true });
        for await (const { id, event: type, data } of readFrames(response)) {
          lastId = id ?? lastId;
          if (type !== undefined && data !== undefined)
            handlers.event({ type, envelope: JSON.parse(data) as PublishedEvent["envelope"] });
        }
      } catch (error) {
        if (error instanceof ApiError && FINAL_STATUSES.has(error.status))
          return handlers.state?.({ connected: false, rejection: error });
        // Any other error is a lost connection, reported below.
      }
      if (abort.signal.aborted) return;
      handlers.state?.({ connected: false });
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  })();
  return () => abort.abort();
}

/** The fields of a server-sent event by name: `id`, `event`, `data`. The server writes each on one line. */
type SseFrame = Readonly<Record<string, string | undefined>>;

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
  return fields;
}
