import type { Segment } from "../../core/gateway.ts";

export interface RoutePattern {
  readonly method: string;
  readonly segments: readonly Segment[];
  /** `/api/v1/parcels/{parcel_id}` */
  readonly path: string;
}

/**
 * @param route `GET /parcels/{parcel_id}`
 * @param basePath in front of its path
 */
export function parseRoute(route: string, basePath = ""): RoutePattern {
  const [method = "", own = ""] = route.split(" ");
  const path = own === "/" ? basePath || "/" : basePath + own;
  const segments = path
    .slice(1)
    .split("/")
    .map((text): Segment => {
      const parameter = /^\{(.*)\}$/.exec(text)?.[1];
      return parameter === undefined ? { literal: text } : { parameter };
    });
  return { method, segments, path };
}

export const parametersOf = ({ segments }: RoutePattern): readonly string[] =>
  segments.flatMap((segment) => ("parameter" in segment ? segment.parameter : []));

/** Equal for two routes that each request fits alike. Where only some do, the one with the earlier text counts. */
export const routeKey = ({ method, segments }: RoutePattern): string =>
  `${method} ${segments.map((segment) => ("literal" in segment ? `/${segment.literal}` : "/{}")).join("")}`;

/** `params.parcel_id` */
export function parseRequestRef(text: string): { readonly of: "params" | "query" | "caller"; readonly name: string } {
  const [of = "", name = ""] = text.split(".");
  return { of: of === "params" || of === "query" ? of : "caller", name };
}
