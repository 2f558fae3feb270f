import { ApiError } from "./api.ts";
import "./error-message.css";

/** Why a request failed, and what to do. */
export function ErrorMessage({ error, title }: { readonly error: Error | undefined; readonly title?: string }) {
  if (!error) return null;
  return (
    <p class="error-message" role="alert">
      {title && <strong>{title}: </strong>}
      {error instanceof ApiError ? error.message : "the server can't be reached"}. {remedyFor(error)}
    </p>
  );
}

function remedyFor(error: Error): string {
  if (!(error instanceof ApiError)) return "Check that Rollcall is running; this page retries automatically.";
  if (error.status === 403) return "This needs an operator token.";
  if (error.status === 429 || error.status === 503) return "This page retries automatically.";
  return "";
}
