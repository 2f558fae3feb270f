import type { FastifyReply, FastifyRequest } from "fastify";
import type { GatewayContext } from "./gateway-context.ts";

/** A reader that takes no piece for so long is cut. */
const UNREAD_MS = 30_000;

/**
 * Gives the parts of a body whose end nobody knows. When one fails behind the first the connection is reset: a body
 * that just ended could be taken for the whole one, with HTTP/1.0 even by a proxy.
 */
export async function* cutWhenItFails(
  { clock, cut, onCut }: GatewayContext,
  request: FastifyRequest,
  { raw }: FastifyReply,
  parts: AsyncIterable<string>,
): AsyncGenerator<string> {
  try {
    for await (const part of parts) {
      const cancel = clock.after(UNREAD_MS, () => reset(request));
      try {
        yield part;
      } finally {
        cancel();
      }
    }
  } catch (error) {
    // Before that the answer is a problem.
    if (raw.headersSent) {
      cut.add(request);
      onCut(error, request);
      reset(request);
    }
    throw error;
  }
}

const reset = ({ raw: { socket } }: FastifyRequest): void => void socket.resetAndDestroy();
