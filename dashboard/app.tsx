import type { ComponentType } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { DomainView } from "../app/http/server/domains.ts";
import { type Domain, DomainContext, type ListedDomain } from "./domains/domain.ts";
import { DomainSwitch } from "./domains/domain-switch.tsx";
import { addressesOf, type PageAddress, readAddress } from "./domains/page-address.ts";
import { pageOf } from "./domains/parts-by-module.ts";
import { onUnauthenticated } from "./shared/api.ts";
import { capitalize } from "./shared/format.ts";
import { ErrorMessage } from "./shared/error-message.tsx";
import { Link, type PageProps, usePageLocation } from "./shared/router.tsx";
import { useApi } from "./shared/use-api.ts";
import { SignInForm } from "./sign-in-form.tsx";

const DOMAINS_POLL_MS = 5_000;

interface PageRoute {
  readonly path: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly Page: ComponentType<PageProps> }>;
}

/** Each page is loaded when it is opened, so that the first one appears sooner. */
const LOADERS = {
  overview: () => import("./overview/overview-page.tsx"),
  entities: () => import("./entities/entities-page.tsx"),
  entity: () => import("./entities/entity-page.tsx"),
  contracts: () => import("./contracts/contracts-page.tsx"),
  events: () => import("./events/events-page.tsx"),
  deadLetters: () => import("./dead-letters/dead-letters-page.tsx"),
  playground: () => import("./playground/playground-page.tsx"),
} as const;

const pageRoutes = ({ words }: ListedDomain): readonly PageRoute[] => [
  { path: "/", title: "Overview", load: LOADERS.overview },
  { path: `/${words.entities}`, title: capitalize(words.entities), load: LOADERS.entities },
  { path: "/contracts", title: "Contracts", load: LOADERS.contracts },
  { path: "/events", title: "Events", load: LOADERS.events },
  { path: "/dead-letters", title: "Dead letters", load: LOADERS.deadLetters },
  { path: "/playground", title: "Playground", load: LOADERS.playground },
];

function routeFor(domain: ListedDomain, { path, entityId }: PageAddress<ListedDomain>): PageRoute {
  const routes = pageRoutes(domain);
  if (entityId !== undefined) return { path, title: capitalize(domain.words.entity), load: LOADERS.entity };
  return routes.find((route) => route.path === path) ?? (routes[0] as PageRoute);
}

function domainOf({ name, module, entity_id_field: entityIdField }: DomainView): ListedDomain {
  const { isAtRoot, words, loadParts } = pageOf(module);
  return { ...addressesOf({ name, isAtRoot, list: words.entities }), entityIdField, words, loadParts };
}

export function App() {
  const { path } = usePageLocation();
  const { answer, error } = useApi<{ readonly items: readonly DomainView[] }>("/api/v1/domains", DOMAINS_POLL_MS);
  const [needsSignIn, setNeedsSignIn] = useState(false);
  useEffect(() => onUnauthenticated(() => setNeedsSignIn(true)), []);
  const views = answer?.items ?? [];
  // Made anew only when other domains are served, because pages depend on them.
  const key = JSON.stringify(views.map(({ name, module, entity_id_field }) => [name, module, entity_id_field]));
  const domains = useMemo(() => views.map(domainOf), [key]);
  const address = readAddress(path, domains);
  const { domain } = address;
  const route = domain && routeFor(domain, address);
  const listed = domains.map((each, index) => ({ domain: each, view: views[index] as DomainView }));
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <Link class="brand" to="/">
          Rollcall
        </Link>
        {domain && <Navigation domain={domain} address={address} />}
        {domains.length > 1 && <DomainSwitch key={path} shown={domain} domains={listed} />}
      </header>
      <main id="main">
        {needsSignIn && <SignInForm onSignedIn={() => location.reload()} />}
        {!needsSignIn && !answer && <ErrorMessage error={error} title="Could not load the domains" />}
        {!needsSignIn && answer && !domain && <UnknownDomain name={address.domainName ?? ""} domains={domains} />}
        {!needsSignIn && domain && route && (
          <>
            {route.path !== "/" && <Failure view={views.find(({ name }) => name === domain.name)} />}
            <LoadedPage key={path} domain={domain} route={route} entityId={address.entityId ?? ""} />
          </>
        )}
      </main>
    </>
  );
}

interface NavigationProps {
  readonly domain: ListedDomain;
  readonly address: PageAddress<ListedDomain>;
}

function Navigation({ domain, address }: NavigationProps) {
  const current = address.entityId === undefined ? routeFor(domain, address).path : `/${domain.words.entities}`;
  return (
    <nav aria-label="Main">
      {pageRoutes(domain).map(({ path, title }) => (
        <Link key={path} to={domain.page(path)} aria-current={path === current ? "page" : undefined}>
          {title}
        </Link>
      ))}
    </nav>
  );
}

interface LoadedPageProps extends PageProps {
  readonly domain: ListedDomain;
  readonly route: PageRoute;
}

function LoadedPage({ domain, route, entityId }: LoadedPageProps) {
  const [loaded, setLoaded] = useState<{ readonly Page: ComponentType<PageProps>; readonly shown: Domain }>();
  useEffect(() => {
    document.title = `${route.title} · Rollcall`;
    let isCurrent = true;
    void Promise.all([route.load(), domain.loadParts()]).then(
      ([{ Page }, parts]) => isCurrent && setLoaded({ Page, shown: { ...domain, parts } }),
    );
    return () => void (isCurrent = false);
  }, [domain]);
  return loaded ? (
    <DomainContext.Provider value={loaded.shown}>
      <loaded.Page entityId={entityId} />
    </DomainContext.Provider>
  ) : null;
}

/** The overview has it among its troubles, with what to do. */
const Failure = ({ view }: { readonly view: DomainView | undefined }) =>
  view?.failure ? (
    <p class="card failure" role="alert">
      <strong>{view.name} is not served at present</strong> and is started anew until it can be: {view.failure}
    </p>
  ) : null;

const UnknownDomain = ({ name, domains }: { readonly name: string; readonly domains: readonly ListedDomain[] }) => (
  <>
    <h1>Unknown domain</h1>
    <p class="card">
      The domain {name} is not served by this process. These are:{" "}
      {domains.map((domain, index) => (
        <span key={domain.name}>
          {index > 0 && ", "}
          <Link to={domain.page("/")}>{domain.name}</Link>
        </span>
      ))}
    </p>
  </>
);
