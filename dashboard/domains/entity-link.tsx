import { Link } from "../shared/router.tsx";
import { useDomain } from "./domain.ts";

export const EntityLink = ({ id, ...attributes }: { readonly id: string; readonly tabIndex?: number }) => (
  <Link {...attributes} to={useDomain().entitiesPage(id)}>
    {id}
  </Link>
);
