import { useState } from "preact/hooks";
import { token } from "./shared/api.ts";

/** Asked for when the server wants a token: one of ROLLCALL_API_TOKENS. */
export function TokenForm({ onGiven }: { readonly onGiven: () => void }) {
  const [text, setText] = useState("");
  const refused = token.get() !== null;
  return (
    <form
      class="card narrow"
      onSubmit={(event) => {
        event.preventDefault();
        token.set(text.trim());
        onGiven();
      }}
    >
      <h1>A token, please</h1>
      <p>
        {refused ? "That token was refused. " : ""}This server answers those with a token of its ROLLCALL_API_TOKENS: a
        reader's looks, an operator's also acts.
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
      <button disabled={text.trim() === ""}>Go on</button>
      <p class="note">It is kept in this tab only, until it is closed.</p>
    </form>
  );
}
