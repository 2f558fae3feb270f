import type { ComponentChildren } from "preact";
import { followLink, nodePath } from "./router.ts";

interface LinkProps {
  readonly to: string;
  readonly class?: string;
  readonly tabIndex?: number;
  readonly "aria-current"?: "page" | undefined;
  readonly children: ComponentChildren;
}

/** A link to another view, which does not load the page again. */
export const Link = ({ to, ...attributes }: LinkProps) => <a {...attributes} href={to} onClick={followLink} />;

export const NodeLink = ({ id, ...attributes }: Pick<LinkProps, "tabIndex"> & { readonly id: string }) => (
  <Link {...attributes} to={nodePath(id)}>
    {id}
  </Link>
);
