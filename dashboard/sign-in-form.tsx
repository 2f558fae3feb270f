import { useState } from "preact/hooks";
import { apiToken } from "./shared/api.ts";

/** Asked for when the server wants a token: one of ROLLCALL_API_TOKENS. */
export function SignInForm({ onSignedIn }: { readonly onSignedIn: () => void }) {
  const [text, setText] = useState("");
  const wasRejected = apiToken.get() !== null;
  return (
    <form
      class="card narrow"
      onSubmit={(event) => {
        event.preventDefault();
        apiToken.set(text.trim());
        onSignedIn();
      }}
    >
      <h1>Sign in</h1>
      <p>
        {wasRejected ? "That token was rejected. " : ""}Enter one of the server's ROLLCALL_API_TOKENS: a reader token
        can view, an operator token can also act.
      </p>
      <label>
        Token
        <input
          type="password"
          autocomplete="off"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <button disabled={text.trim() === ""}>Sign in</button>
      <p class="note">The token is kept in this tab only, until the tab is closed.</p>
    </form>
  );
}
