import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { SignInForm } from "./sign-in-form.tsx";
import { followLink, usePageLocation } from "./shared/router.ts";
import { onUnauthenticated } from "./shared/api.ts";

/** A page gets what stands behind its path: `/nodes/:id` the id. */
export interface PageProps {
  readonly routeParam: string;
}
interface PageRoute {
  readonly path: string;
  readonly title: string;
  readonly load: () => Promise<ComponentType<PageProps>>;
}

/** Every page is a file of its own, so that the first one is there at once. */
const PAGE_ROUTES: readonly PageRoute[] = [
  { path: "/", title: "Overview", load: async () => (await import("./overview/overview-page.tsx")).OverviewPage },
  { path: "/nodes", title: "Nodes", load: async () => (await import("./nodes/nodes-page.tsx")).NodesPage },
  {
    path: "/contracts",
    title: "Contracts",
    load: async () => (await import("./contracts/contracts-page.tsx")).ContractsPage,
  },
  { path: "/events", title: "Events", load: async () => (await import("./events/events-page.tsx")).EventsPage },
  {
    path: "/dead-letters",
    title: "Dead letters",
    load: async () => (await import("./dead-letters/dead-letters-page.tsx")).DeadLettersPage,
  },
  {
    path: "/playground",
    title: "Playground",
    load: async () => (await import("./playground/playground-page.tsx")).PlaygroundPage,
  },
];
const NODE_ROUTE: PageRoute = {
  path: "/nodes/",
  title: "Node",
  load: async () => (await import("./nodes/node-page.tsx")).NodePage,
};

const routeFor = (path: string): PageRoute =>
  path.startsWith(NODE_ROUTE.path) && path.length > NODE_ROUTE.path.length
    ? NODE_ROUTE
    : (PAGE_ROUTES.find((page) => page.path === path) ?? (PAGE_ROUTES[0] as PageRoute));

export function App() {
  const { path } = usePageLocation();
  const page = routeFor(path);
  const [loaded, setLoaded] = useState<{ readonly page: PageRoute; readonly Component: ComponentType<PageProps> }>();
  const [needsSignIn, setNeedsSignIn] = useState(false);
  useEffect(() => onUnauthenticated(() => setNeedsSignIn(true)), []);
  useEffect(() => {
    document.title = `${page.title} · Rollcall`;
    let current = true;
    void page.load().then((Component) => current && setLoaded({ page, Component }));
    return () => void (current = false);
  }, [page]);
  const rest = page === NODE_ROUTE ? decodeURIComponent(path.slice(NODE_ROUTE.path.length)) : "";
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <a class="brand" href="/" onClick={followLink}>
          Rollcall
        </a>
        <nav aria-label="Main">
          {PAGE_ROUTES.map(({ path: to, title }) => (
            <a
              key={to}
              href={to}
              onClick={followLink}
              aria-current={page.path.startsWith(to) && (to !== "/" || page.path === "/") ? "page" : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
      </header>
      <main id="main">
        {needsSignIn && <SignInForm onSignedIn={() => location.reload()} />}
        {!needsSignIn && loaded?.page === page && <loaded.Component key={path} routeParam={rest} />}
      </main>
    </>
  );
}
