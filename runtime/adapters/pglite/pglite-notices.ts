import { HEARD, type LineEnds, type NoticeListener, type Notices, type NoticesStatus } from "../../ports/notices.ts";

/** The embedded store belongs to one process, so nobody else has to be told. */
export class PgliteNotices implements Notices {
  readonly #listeners = new Set<NoticeListener>();

  get status(): NoticesStatus {
    return HEARD;
  }

  tell(domain: string, ends: LineEnds): void {
    for (const listener of this.#listeners) listener(domain, ends);
  }

  listen(listener: NoticeListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }
}
