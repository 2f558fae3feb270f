import { z } from "zod";
import { caseInsensitivePattern } from "./fields.ts";

const URL_LENGTH_MAX = 2048;
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ["http:", 80],
  ["https:", 443],
  ["grpc:", 80],
  ["grpcs:", 443],
]);

// `new URL` accepts white space, backslashes and missing slashes, and drops an empty user; other parsers may not.
const AUTHORITY = /^(?:https?|grpcs?|tcp):\/\/([^\s\p{Cc}\\/?#@]+)(?:[/?#][^\s\p{Cc}\\]*)?$/iu;
const HOST = /^(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?|\[[0-9a-fA-F:.]+\])$/;

// Clients call the endpoints of nodes: a node must not direct them to the metadata service of a cloud, which may hand
// out credentials.
const METADATA_SERVICES: ReadonlySet<string> = new Set([
  "metadata.google.internal",
  "100.100.100.200",
  "[fd00:ec2::254]",
]);
const LINK_LOCAL = /^(?:169\.254\.|\[::ffff:a9fe:|\[fe[89ab])/;

/** Where an endpoint listens. `port` is null when the URL names none and its scheme implies none (tcp). */
export interface Address {
  readonly address: string;
  readonly port: number | null;
}

/** Address and port of an endpoint's URL; null for a URL that is not an endpoint's. */
export function parseEndpointAddress(text: string): Address | null {
  const url = parseEndpointUrl(text);
  if (!url) return null;
  const address = url.hostname.replace(/^\[|\]$/g, "");
  return { address, port: url.port === "" ? (DEFAULT_PORTS.get(url.protocol) ?? null) : Number(url.port) };
}

function parseEndpointUrl(text: string): URL | null {
  const url = AUTHORITY.test(text) ? tryParseUrl(text) : undefined;
  if (!url || url.port === "0" || !HOST.test(url.hostname)) return null;
  return isMetadataService(url) ? null : url;
}

/** URL normalises IP addresses only for `http:` and `https:`; the hosts of other schemes stay as written. */
function isMetadataService({ protocol, hostname }: URL): boolean {
  const canonical = protocol.startsWith("http") ? hostname : tryParseUrl(`http://${hostname}`)?.hostname;
  if (canonical === undefined) return true;
  const host = canonical.replace(/\.$/, "");
  return METADATA_SERVICES.has(host) || LINK_LOCAL.test(host);
}

function tryParseUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

// The pattern for JSON Schemas is wider than the check: refused hosts and ports can't be expressed in it.
const URL_CHARACTERS = "[^\\s\\x00-\\x1f\\x7f-\\x9f\\\\";
const SCHEMES = ["http", "https", "grpc", "grpcs", "tcp"].map(caseInsensitivePattern).join("|");
const ENDPOINT_PATTERN = `(?:${SCHEMES})://${URL_CHARACTERS}/?#@]+(?:[/?#]${URL_CHARACTERS}]*)?`;

export const EndpointUrl = z
  .string()
  .max(URL_LENGTH_MAX)
  .refine(
    (text) => parseEndpointUrl(text) !== null,
    "an http, https, grpc, grpcs or tcp URL with a host, no credentials, a port of 1 to 65535, no metadata service",
  )
  .meta({ pattern: `^${ENDPOINT_PATTERN}$` });

/** A path on the node itself, or a URL. `//host` is neither. */
export const HealthEndpoint = z
  .string()
  .max(URL_LENGTH_MAX)
  .refine(
    (text) => /^\/(?!\/)[^\s\p{Cc}\\]*$/u.test(text) || parseEndpointUrl(text) !== null,
    "a path that starts with one /, or an endpoint's URL",
  )
  .meta({ pattern: `^(?:/|/${URL_CHARACTERS}/]${URL_CHARACTERS}]*|${ENDPOINT_PATTERN})$` });
