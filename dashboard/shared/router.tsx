import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

/** The path, and what a page keeps in the address so that a view can be sent to somebody. */
export interface PageLocation {
  readonly path: string;
  readonly searchParams: URLSearchParams;
}
export interface PageProps {
  /** Of the entity whose page it is. */
  readonly entityId: string;
}

const NAVIGATED = "rollcall:navigated";
const currentLocation = (): PageLocation => ({
  path: location.pathname,
  searchParams: new URLSearchParams(location.search),
});

export function usePageLocation(): PageLocation {
  const [pageLocation, setPageLocation] = useState(currentLocation);
  useEffect(() => {
    const update = (): void => setPageLocation(currentLocation());
    addEventListener("popstate", update);
    addEventListener(NAVIGATED, update);
    return () => {
      removeEventListener("popstate", update);
      removeEventListener(NAVIGATED, update);
    };
  }, []);
  return pageLocation;
}

/** A path with those parameters that have a value; an empty one counts as none. */
export function pathWithQuery(
  path: string,
  params: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const set = Object.entries(params).filter(([, value]) => value !== undefined && value !== "");
  const query = new URLSearchParams(set.map(([name, value]) => [name, String(value)])).toString();
  return query === "" ? path : `${path}?${query}`;
}

/** @param replace true: the view before is not kept in the history, for a filter that changes with each letter */
export function navigate(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  dispatchEvent(new Event(NAVIGATED));
  if (!replace) scrollTo(0, 0);
}

/** Stays in the page unless the reader wants a new tab. */
function followLink(event: MouseEvent): void {
  const { button, metaKey, ctrlKey, shiftKey, altKey } = event;
  if (button !== 0 || metaKey || ctrlKey || shiftKey || altKey) return;
  event.preventDefault();
  navigate((event.currentTarget as HTMLAnchorElement).href);
}

interface LinkProps {
  readonly to: string;
  readonly class?: string;
  readonly tabIndex?: number;
  readonly "aria-current"?: "page" | undefined;
  readonly children: ComponentChildren;
}

/** A link to another view, which does not load the page again. */
export const Link = ({ to, ...attributes }: LinkProps) => <a {...attributes} href={to} onClick={followLink} />;
