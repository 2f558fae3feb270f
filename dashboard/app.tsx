import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { TokenForm } from "./sign-in-form.tsx";
import { follow, usePlace } from "./shared/router.ts";
import { onUnauthenticated } from "./shared/api.ts";

/** A page gets what stands behind its path: `/nodes/:id` the id. */
export interface PageProps {
  readonly rest: string;
}
interface Page {
  readonly path: string;
  readonly title: string;
  readonly load: () => Promise<ComponentType<PageProps>>;
}

/** Every page is a file of its own, so that the first one is there at once. */
const PAGES: readonly Page[] = [
  { path: "/", title: "Overview", load: async () => (await import("./overview/overview-page.tsx")).Overview },
  { path: "/nodes", title: "Nodes", load: async () => (await import("./nodes/nodes-page.tsx")).Nodes },
  { path: "/contracts", title: "Contracts", load: async () => (await import("./contracts/contracts-page.tsx")).Contracts },
  { path: "/events", title: "Events", load: async () => (await import("./events/events-page.tsx")).Events },
  {
    path: "/dead-letters",
    title: "Dead letters",
    load: async () => (await import("./dead-letters/dead-letters-page.tsx")).DeadLetters,
  },
  { path: "/playground", title: "Playground", load: async () => (await import("./playground/playground-page.tsx")).Playground },
];
const NODE: Page = { path: "/nodes/", title: "Node", load: async () => (await import("./nodes/node-page.tsx")).Node };

const pageOf = (path: string): Page =>
  path.startsWith(NODE.path) && path.length > NODE.path.length
    ? NODE
    : (PAGES.find((page) => page.path === path) ?? (PAGES[0] as Page));

export function App() {
  const { path } = usePlace();
  const page = pageOf(path);
  const [shown, setShown] = useState<{ readonly page: Page; readonly Component: ComponentType<PageProps> }>();
  const [refused, setRefused] = useState(false);
  useEffect(() => onUnauthenticated(() => setRefused(true)), []);
  useEffect(() => {
    document.title = `${page.title} · Rollcall`;
    let current = true;
    void page.load().then((Component) => current && setShown({ page, Component }));
    return () => void (current = false);
  }, [page]);
  const rest = page === NODE ? decodeURIComponent(path.slice(NODE.path.length)) : "";
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="top">
        <a class="brand" href="/" onClick={follow}>
          Rollcall
        </a>
        <nav aria-label="Pages">
          {PAGES.map(({ path: to, title }) => (
            <a
              key={to}
              href={to}
              onClick={follow}
              aria-current={page.path.startsWith(to) && (to !== "/" || page.path === "/") ? "page" : undefined}
            >
              {title}
            </a>
          ))}
        </nav>
      </header>
      <main id="main">
        {refused && <TokenForm onGiven={() => location.reload()} />}
        {!refused && shown?.page === page && <shown.Component key={path} rest={rest} />}
      </main>
    </>
  );
}
