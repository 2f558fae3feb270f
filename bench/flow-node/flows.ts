/** So many flows of a node, each of about 250 bytes: a thousand of them fit into one call. */
export const flowsOf = (count: number, marked = "") =>
  Array.from({ length: count }, (_, nth) => ({
    ...{ path: `flows.of.a.node.${nth}`, name: `Flow ${nth}${marked}`, source: "./yaml/f.yaml" },
    ...{ description: "What is asked for", author: "a@example.com", organization: "Example" },
    ...{ published: "2024-11-12T11:12", release: "0.1.2" },
  }));
