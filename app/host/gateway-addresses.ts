import { z } from "zod";

/** Where a gateway listens; what is left out is its contract's, or the host's. */
export type ListenerPlace = "main" | "off" | { readonly host: string | undefined; readonly port: number };
const LISTENER = /^([a-z][a-z0-9_]*)=(?:(main|off)|(?:(\[[0-9a-f:.]+\]|[a-z0-9.-]+):)?(\d{1,5}))$/i;
/** `orders=9300,tools=off` */
export const listeners = z
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

/** Where clients reach this process: `https://nodes.example.com/registry` */
export const publicUrl = z
  .url({ protocol: /^https?$/, error: "a URL with http or https: https://nodes.example.com" })
  .refine(
    (text) => !/[?#]|\/$|@/.test(text),
    "without query, fragment, user or / at the end: https://nodes.example.com",
  );
