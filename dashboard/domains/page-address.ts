/** Where a domain's routes and pages are. */
export interface DomainAddresses {
  readonly name: string;
  /** Whether its pages are at `/` instead of `/domains/{domain}`. */
  readonly isAtRoot: boolean;
  /** What the address of the list of entities ends with. */
  readonly list: string;
  /** The address of one of the domain's routes, such as `/overview`. */
  readonly api: (path: string) => string;
  /** The address of one of the domain's pages, such as `/contracts`; `/` is the overview. */
  readonly page: (path: string) => string;
  /** The address of the list of entities, or of the page of one. */
  readonly entitiesPage: (id?: string) => string;
}

export function addressesOf({
  name,
  isAtRoot,
  list,
}: Pick<DomainAddresses, "name" | "isAtRoot" | "list">): DomainAddresses {
  const prefix = isAtRoot ? "" : `/domains/${name}`;
  const page = (path: string): string => (path === "/" ? prefix || "/" : prefix + path);
  return {
    ...{ name, isAtRoot, list, page },
    api: (path) => `/api/v1/domains/${name}${path}`,
    entitiesPage: (id) => page(`/${list}${id === undefined ? "" : `/${encodeURIComponent(id)}`}`),
  };
}

export interface PageAddress<Domain> {
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
export function readAddress<Domain extends DomainAddresses>(
  path: string,
  domains: readonly Domain[],
): PageAddress<Domain> {
  const [, domainName, below] = /^\/domains\/([^/]+)(.*)$/.exec(path) ?? [];
  const domain =
    domainName === undefined
      ? (domains.find(({ isAtRoot }) => isAtRoot) ?? domains[0])
      : domains.find(({ name }) => name === domainName);
  const ownPath = (domainName === undefined ? path : below) || "/";
  const start = `/${domain?.list}/`;
  const isEntity = ownPath.startsWith(start) && ownPath.length > start.length;
  const entityId = isEntity ? decodeURIComponent(ownPath.slice(start.length)) : undefined;
  return { domain, domainName, path: ownPath, entityId };
}
