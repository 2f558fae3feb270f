import { Refused } from "./api.ts";
import "./error-message.css";

/** What went wrong with a question, and what to do. What was shown before stays beside it. */
export function Trouble({ error, what }: { readonly error: Error | undefined; readonly what?: string }) {
  if (!error) return null;
  return (
    <p class="trouble" role="alert">
      {what && <strong>{what}: </strong>}
      {error instanceof Refused ? error.message : "the server can't be reached"}. {remedyFor(error)}
    </p>
  );
}

function remedyFor(error: Error): string {
  if (!(error instanceof Refused)) return "See that rollcall runs; it is asked again by itself.";
  if (error.status === 403) return "Ask somebody with an operator's token.";
  if (error.status === 429 || error.status === 503) return "It is asked again by itself.";
  return "";
}
