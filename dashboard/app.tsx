import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { onUnauthenticated } from "./shared/api.ts";
import { Link, type PageProps, usePageLocation } from "./shared/router.tsx";
import { SignInForm } from "./sign-in-form.tsx";

interface PageRoute {
  readonly path: string;
  readonly title: string;
  readonly load: () => Promise<{ readonly Page: ComponentType<PageProps> }>;
}

/** Each page is loaded when it is opened, so that the first one appears sooner. */
const PAGE_ROUTES: readonly PageRoute[] = [
  { path: "/", title: "Overview", load: () => import("./overview/overview-page.tsx") },
  { path: "/nodes", title: "Nodes", load: () => import("./nodes/nodes-page.tsx") },
  { path: "/contracts", title: "Contracts", load: () => import("./contracts/contracts-page.tsx") },
  { path: "/events", title: "Events", load: () => import("./events/events-page.tsx") },
  { path: "/dead-letters", title: "Dead letters", load: () => import("./dead-letters/dead-letters-page.tsx") },
  { path: "/playground", title: "Playground", load: () => import("./playground/playground-page.tsx") },
];
const NODE_ROUTE: PageRoute = { path: "/nodes/", title: "Node", load: () => import("./nodes/node-page.tsx") };

const routeFor = (path: string): PageRoute =>
  path.startsWith(NODE_ROUTE.path) && path.length > NODE_ROUTE.path.length
    ? NODE_ROUTE
    : (PAGE_ROUTES.find((page) => page.path === path) ?? (PAGE_ROUTES[0] as PageRoute));

export function App() {
  const { path } = usePageLocation();
  const page = routeFor(path);
  const [loaded, setLoaded] = useState<{ readonly page: PageRoute; readonly Page: ComponentType<PageProps> }>();
  const [needsSignIn, setNeedsSignIn] = useState(false);
  useEffect(() => onUnauthenticated(() => setNeedsSignIn(true)), []);
  useEffect(() => {
    document.title = `${page.title} · Rollcall`;
    let isCurrent = true;
    void page.load().then(({ Page }) => isCurrent && setLoaded({ page, Page }));
    return () => void (isCurrent = false);
  }, [page]);
  const routeParam = page === NODE_ROUTE ? decodeURIComponent(path.slice(NODE_ROUTE.path.length)) : "";
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top">
        <Link class="brand" to="/">
          Rollcall
        </Link>
        <nav aria-label="Main">
          {PAGE_ROUTES.map(({ path: to, title }) => (
            <Link
              key={to}
              to={to}
              aria-current={page.path.startsWith(to) && (to !== "/" || page.path === "/") ? "page" : undefined}
            >
              {title}
            </Link>
          ))}
        </nav>
      </header>
      <main id="main">
        {needsSignIn && <SignInForm onSignedIn={() => location.reload()} />}
        {!needsSignIn && loaded?.page === page && <loaded.Page key={path} routeParam={routeParam} />}
      </main>
    </>
  );
}
