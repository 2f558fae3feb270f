/** One word for a POSIX shell, whatever stands in it. */
export const shellQuote = (text: string): string =>
  /^[A-Za-z0-9_./:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** A request to this server as curl makes it; the token is taken from the environment, never written down. */
export function curlCommand(
  url: URL,
  { stream = false, withToken = false }: { readonly stream?: boolean; readonly withToken?: boolean } = {},
): string {
  const token = withToken ? ' -H "Authorization: Bearer $ROLLCALL_TOKEN"' : "";
  return `curl${stream ? " -N" : ""}${token} ${shellQuote(url.href)}`;
}

/** Reads a topic, from the last records of each partition on. */
export const kcatCommand = (topic: string, nodeId: string | undefined): string =>
  [
    `kcat -b "$KAFKA_BOOTSTRAP_SERVERS" -C -t ${shellQuote(topic)} -o -10`,
    ...(nodeId === undefined ? [] : [`-f '%k %s\\n' | grep -F -- ${shellQuote(nodeId)}`]),
  ].join(" ");
