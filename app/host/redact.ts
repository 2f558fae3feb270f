/** Credentials in a connection string inside a text, which may be JSON. */
const URL_CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"]+@/gi;
const LENGTH_MIN = 6;

const redactCredentials = (text: string): string => text.replaceAll(URL_CREDENTIALS, "$1[redacted]@");

/** Whether a secret is long enough to be told from ordinary text. Of a URL with credentials these are recognised. */
export const isRecognisable = (secret: string): boolean =>
  secret.length >= LENGTH_MIN && redactCredentials(secret) === secret;

/** Without credentials and secrets, also where a secret was written as part of a JSON text. */
export const redact = (text: string, secrets: readonly string[]): string =>
  secrets
    .flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .reduce((cleared, secret) => cleared.replaceAll(secret, "[redacted]"), redactCredentials(text));
