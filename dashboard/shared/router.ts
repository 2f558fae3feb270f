import { useEffect, useState } from "preact/hooks";

/** Where the page is: a path, and what a page keeps in the address so that it can be sent to somebody. */
export interface Place {
  readonly path: string;
  readonly query: URLSearchParams;
}

const MOVED = "rollcall:moved";
const here = (): Place => ({ path: location.pathname, query: new URLSearchParams(location.search) });

export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const moved = (): void => setPlace(here());
    addEventListener("popstate", moved);
    addEventListener(MOVED, moved);
    return () => {
      removeEventListener("popstate", moved);
      removeEventListener(MOVED, moved);
    };
  }, []);
  return place;
}

/** @param replace true keeps one entry of the history for what is typed letter by letter */
export function go(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  dispatchEvent(new Event(MOVED));
  if (!replace) scrollTo(0, 0);
}

/** For a link's `onClick`: stays in the page unless the reader wants a new tab. */
export function follow(event: MouseEvent): void {
  const { button, metaKey, ctrlKey, shiftKey, altKey } = event;
  if (button !== 0 || metaKey || ctrlKey || shiftKey || altKey) return;
  event.preventDefault();
  go((event.currentTarget as HTMLAnchorElement).href);
}
