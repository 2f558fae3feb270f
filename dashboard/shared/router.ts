import { useEffect, useState } from "preact/hooks";

/** Where the page is: a path, and what a page keeps in the address so that it can be sent to somebody. */
export interface PageLocation {
  readonly path: string;
  readonly searchParams: URLSearchParams;
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

/** @param replace true keeps one entry of the history for what is typed letter by letter */
export function navigate(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  dispatchEvent(new Event(NAVIGATED));
  if (!replace) scrollTo(0, 0);
}

/** For a link's `onClick`: stays in the page unless the reader wants a new tab. */
export function followLink(event: MouseEvent): void {
  const { button, metaKey, ctrlKey, shiftKey, altKey } = event;
  if (button !== 0 || metaKey || ctrlKey || shiftKey || altKey) return;
  event.preventDefault();
  navigate((event.currentTarget as HTMLAnchorElement).href);
}
