import { z } from "zod";
import { WebOrigin } from "../../runtime/contract/language/schema-parts.ts";

/** What variables call the host's own port. */
export const MAIN_LISTENER = "main";

/** Where a gateway listens; what is left out is its contract's, or the host's. */
export type ListenerPlace = "main" | "off" | { readonly host: string | undefined; readonly port: number };
const LISTENER = /^([a-z][a-z0-9_]*)=(?:(main|off)|(?:(\[[0-9a-f:.]+\]|[a-z0-9.-]+):)?(\d{1,5}))$/i;
/** `orders=9300,tools=off` */
const listeners = z
  .string()
  .transform((text) => text.split(",").map((each) => LISTENER.exec(each.trim())))
  .refine(
    (matches) => matches.every((match) => match && Number(match[4] ?? 0) <= 65_535),
    "name=port, name=address:port, name=main or name=off, several with commas",
  )
  .transform(
    (matches) =>
      new Map(
        matches.map((match): [string, ListenerPlace] => {
          const [, name = "", word, host, port] = match ?? [];
          return [name, word === "main" || word === "off" ? word : { host, port: Number(port) }];
        }),
      ),
  );

/** Values of a variable for each port: one without a name is for those that no other names. */
export class PerListener<Value, Standard extends Value | undefined = undefined> {
  readonly #text: string;
  readonly #standard: Standard;
  readonly #values = new Map<string | undefined, readonly Value[]>();

  constructor(
    text: string,
    standard: Standard,
    values: readonly { readonly name: string | undefined; readonly value: Value }[] = [],
  ) {
    this.#text = text;
    this.#standard = standard;
    for (const { name, value } of values) this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
  }

  /** Undefined: nothing is said of it. */
  all(listener: string): readonly Value[] | undefined {
    return this.#values.get(listener) ?? this.#values.get(undefined);
  }

  of(listener: string): Value | Standard {
    return this.all(listener)?.[0] ?? this.#standard;
  }

  /** The ports that are named; undefined: all others. */
  get names(): readonly (string | undefined)[] {
    return [...this.#values.keys()];
  }

  toString(): string {
    return this.#text;
  }
}

const integer = (min: number, max: number) => z.coerce.number<string>().int().min(min).max(max);
const NAMED = /^([a-z][a-z0-9_]*)=(.+)$/;

/** `value`, `name=value` or several of them with commas. @param isList whether a port may have several */
const perListener = <Value, Standard extends Value | undefined = undefined>(
  schema: z.ZodType<Value, string>,
  { standard, isList = false }: { readonly standard?: Standard; readonly isList?: boolean } = {},
) =>
  z.string().transform((text, context) => {
    const values = text.split(",").flatMap((each) => {
      const [, name, own = each] = NAMED.exec(each.trim()) ?? [];
      const { data, error } = schema.safeParse(own.trim());
      for (const { message } of error?.issues ?? [])
        context.addIssue({ code: "custom", message: `${message}; of one port by name=value, several with commas` });
      return error ? [] : [{ name, value: data as Value }];
    });
    const twice = values.find(({ name }, index) => values.findIndex((other) => other.name === name) !== index);
    if (twice && !isList)
      context.addIssue({ code: "custom", message: `${twice.name ?? "what has no name"} is there twice: keep one` });
    return new PerListener<Value, Standard>(text, standard as Standard, values);
  });
const numberPerListener = (max: number, standard: number) =>
  perListener<number, number>(integer(1, max), { standard }).default(
    () => new PerListener<number, number>(String(standard), standard),
  );

const hostName = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.string().regex(/^[a-z0-9._-]+$|^\[[0-9a-f:.]+\]$/, "host names without ports"));
const file = z.string().min(1);

/** Where clients reach this process: `https://nodes.example.com/registry` */
const publicUrl = z
  .url({ protocol: /^https?$/, error: "a URL with http or https: https://nodes.example.com" })
  .refine(
    (text) => !/[?#]|\/$|@/.test(text),
    "without query, fragment, user or / at the end: https://nodes.example.com",
  );

/** What ports are opened with: it differs by machine, so no contract says it. */
export const LISTENER_VARIABLES = {
  ROLLCALL_LISTENERS: listeners
    .optional()
    .describe(
      "where gateways listen instead of their contracts' ports: name=port, name=address:port, name=main (the port of " +
        "ROLLCALL_HTTP_PORT) or name=off, several with commas",
    ),
  ROLLCALL_HTTP_NAMES: perListener(hostName, { isList: true })
    .optional()
    .describe(
      "host names, with commas, that requests may name beside ROLLCALL_HTTP_HOST: those of a proxy in front; of one " +
        "port by name=host",
    ),
  ROLLCALL_HTTP_ORIGINS: perListener(WebOrigin, { isList: true })
    .optional()
    .describe(
      "sites, with commas, whose pages may call gateways, instead of their contracts': https://ops.example.com; of " +
        "one port by name=origin",
    ),
  ROLLCALL_TLS_CERT_FILE: perListener(file)
    .optional()
    .describe(
      "file with the certificate (PEM) that all ports are served with, and those that vouch for it; of one port by " +
        "name=file, of the host's own by main=file",
    ),
  ROLLCALL_TLS_KEY_FILE: perListener(file)
    .optional()
    .describe("file with its key (PEM, without a passphrase); named as ROLLCALL_TLS_CERT_FILE is"),
  ROLLCALL_HTTP_RATE_MAX: numberPerListener(1_000_000, 2_000).describe(
    "requests a second of one token, or of one address without a token; twice as many at once; of one port by " +
      "name=number",
  ),
  ROLLCALL_HTTP_CONNECTIONS_MAX: numberPerListener(1_000_000, 10_000).describe(
    "connections open at once at each port, further ones are closed; of one port by name=number",
  ),
  ROLLCALL_HTTP_STREAMS_MAX: integer(1, 100_000)
    .default(600)
    .describe("event streams open at once; what waits for their readers takes at most 200 MiB together, a share each"),
  TRUSTED_PROXIES: z
    .string()
    .transform((text) => text.split(",").map((each) => each.trim()))
    .pipe(
      z.array(
        z.string().regex(/^[0-9a-f.:]+(?:\/\d{1,3})?$/i, "addresses or networks, several with commas: 10.0.0.0/8"),
      ),
    )
    .optional()
    .describe("addresses or networks of proxies, with commas: only their X-Forwarded-* headers count; default none"),
  PUBLIC_URL: publicUrl
    .optional()
    .describe("where clients reach this process, such as a proxy in front: begins the links in answers of gateways"),
};

type Listened = z.infer<z.ZodObject<typeof LISTENER_VARIABLES>>;

/** Ports that have a certificate without a key, or the other way round. */
export function certificatesWithoutKeys(config: Listened): string[] {
  const { ROLLCALL_TLS_CERT_FILE: certificates, ROLLCALL_TLS_KEY_FILE: keys } = config;
  const names = new Set([...(certificates?.names ?? []), ...(keys?.names ?? [])]);
  return [...names].flatMap((name) => {
    const [hasCertificate, hasKey] = [certificates, keys].map((each) => each?.names.includes(name) ?? false);
    if (hasCertificate === hasKey) return [];
    const [there, missing] = hasCertificate ? ["CERT", "KEY"] : ["KEY", "CERT"];
    const of = name === undefined ? "a file" : `${name}=file`;
    return `ROLLCALL_TLS_${there}_FILE has ${of}, and ROLLCALL_TLS_${missing}_FILE has none: set both or none`;
  });
}

/** Variables that name a port which there is not, with the names that there are. */
export const namesOfNoListener = (config: Listened, known: readonly string[]): readonly string[] =>
  Object.keys(LISTENER_VARIABLES).flatMap((variable) => {
    const value = config[variable as keyof Listened];
    const names = value instanceof Map ? [...value.keys()] : value instanceof PerListener ? value.names : [];
    return names
      .filter((name) => name !== undefined && !known.includes(name))
      .map((name) => `${variable} names ${String(name)}, which is no port here: there are ${known.join(", ")}`);
  });
