import type { Domain } from "./domain.ts";

export interface PageAddress {
  /** Undefined: no domain of this name is served. */
  readonly domain: Domain | undefined;
  /** As in the address; undefined where it names none. */
  readonly domainName: string | undefined;
  /** Below the domain: `/`, or such as `/contracts`. */
  readonly path: string;
  /** Of the entity whose page it is. */
  readonly entityId: string | undefined;
}

/** Which page of which domain an address means. Without a name it is the domain at the root, else the first. Pure. */
export function readAddress(path: string, domains: readonly Domain[]): PageAddress {
  const [, encodedName, below = ""] = /^\/domains\/([^/]+)(.*)$/.exec(path) ?? [];
  const domainName = encodedName && decodeURIComponent(encodedName);
  const domain =
    domainName === undefined
      ? (domains.find(({ parts }) => parts.isAtRoot) ?? domains[0])
      : domains.find(({ name }) => name === domainName);
  const ownPath = domainName === undefined ? path : below || "/";
  const start = `/${domain?.parts.words.entities}/`;
  const isEntity = ownPath.startsWith(start) && ownPath.length > start.length;
  return {
    ...{ domain, domainName, path: ownPath },
    entityId: isEntity ? decodeURIComponent(ownPath.slice(start.length)) : undefined,
  };
}
