/** Credentials in a connection string inside a text, which may be JSON. */
const URL_CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"]+@/gi;
/** A shorter secret can't be told from ordinary text. */
const LENGTH_MIN = 6;

const withoutCredentials = (text: string): string => text.replaceAll(URL_CREDENTIALS, "$1[redacted]@");

/** Takes credentials and these secrets out of a text, also where a secret was written as part of a JSON text. */
export function redactorOf(secrets: readonly string[]): (text: string) => string {
  // Of a URL with credentials the rest may be shown.
  const whole = secrets.filter((secret) => secret.length >= LENGTH_MIN && withoutCredentials(secret) === secret);
  const written = whole.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  return (text) =>
    written.reduce((cleared, secret) => cleared.replaceAll(secret, "[redacted]"), withoutCredentials(text));
}
