import { useState } from "preact/hooks";
import { apiToken } from "./shared/api.ts";
import { Form } from "./shared/fields.tsx";

/** Shown when the server requires a token. */
export function SignInForm({ onSignedIn }: { readonly onSignedIn: () => void }) {
  const [token, setToken] = useState("");
  const wasRejected = apiToken.get() !== null;
  const signIn = (): void => {
    apiToken.set(token.trim());
    onSignedIn();
  };
  return (
    <Form class="card narrow" onSubmit={signIn}>
      <h1>Sign in</h1>
      <p>
        {wasRejected ? "That token was rejected. " : ""}Enter one of the server's ROLLCALL_API_TOKENS: a reader token
        can view, an operator token can also act.
      </p>
      <label>
        Token{" "}
        <input
          type="password"
          autocomplete="off"
          value={token}
          onInput={({ currentTarget }) => setToken(currentTarget.value)}
        />
      </label>
      <button disabled={token.trim() === ""}>Sign in</button>
      <p class="note">The token is kept in this tab only, until the tab is closed.</p>
    </Form>
  );
}
