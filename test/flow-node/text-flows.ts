const described = { description: "...", author: "author@example.com", organization: "Plan.Net Journey GmbH & Co. KG" };
const released = { published: "2024-11-12T11:12+00:00", release: "0.1.2" };

/** The node and the flows of the text's handshake, as they stand there. */
export const NODE = "flows.serviceplan.com";
export const FLOWS = [
  {
    ...{ path: "flows.serviceplan.public.CompetitorAnalysis", name: "Competitor Analysis" },
    ...{ source: "./yaml/competitor.yaml", ...described, ...released },
  },
  {
    ...{ path: "flows.serviceplan.trend.Analysis()", name: "Trend Analysis" },
    ...{ source: "flows.serviceplan.trend.Analysis()", ...described, ...released },
  },
];
export const PATHS = FLOWS.map(({ path }) => path);
