/** Quotes a text so that a POSIX shell reads it as one word. */
export const shellQuote = (text: string): string =>
  /^[A-Za-z0-9_./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** A request to this server with curl. The token is read from the environment, so that no shell history has it. */
export function curlCommand(
  url: URL,
  { stream = false, withToken = false }: { readonly stream?: boolean; readonly withToken?: boolean } = {},
): string {
  const token = withToken ? ' -H "Authorization: Bearer $ROLLCALL_TOKEN"' : "";
  return `curl${stream ? " -N" : ""}${token} ${shellQuote(url.href)}`;
}

/** Reads a topic with kcat, from the last ten records of each partition on. */
export const kcatCommand = (topic: string, entityId: string | undefined): string =>
  [
    `kcat -b "$KAFKA_BOOTSTRAP_SERVERS" -C -t ${shellQuote(topic)} -o -10`,
    ...(entityId === undefined ? [] : [`-f '%k %s\\n' | grep -F -- ${shellQuote(entityId)}`]),
  ].join(" ");
