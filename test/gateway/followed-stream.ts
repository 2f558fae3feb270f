import { SseParser } from "../../client/event-stream.ts";

interface Frame {
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Server-sent events as they come. */
export class FollowedStream {
  readonly status: number;
  readonly frames: Frame[] = [];
  text = "";
  ended = false;
  readonly #abort: AbortController;

  private constructor(response: Response, abort: AbortController) {
    this.status = response.status;
    this.#abort = abort;
    void this.#read(response).catch(() => (this.ended = true));
  }

  static async open(connect: (signal: AbortSignal) => Promise<Response>): Promise<FollowedStream> {
    const abort = new AbortController();
    return new FollowedStream(await connect(abort.signal), abort);
  }

  /** What the events are called, those of the stream itself too. */
  get events(): readonly string[] {
    return [...this.text.matchAll(/^event: (.*)$/gm)].map(([, name = ""]) => name);
  }

  get types(): readonly unknown[] {
    return this.frames.map(({ data }) => data["payload_type"]);
  }

  get entityIds(): readonly (string | undefined)[] {
    return this.frames.map(({ data }) => (data["payload"] as { readonly entity_id: string } | undefined)?.entity_id);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read({ body }: Response): Promise<void> {
    const parser = new SseParser((id, data) => {
      if (data !== "") this.frames.push({ id: id ?? "", data: JSON.parse(data) as Frame["data"] });
    });
    for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      this.text += text;
      parser.push(text);
    }
    this.ended = true;
  }
}
