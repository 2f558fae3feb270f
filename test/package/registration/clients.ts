/** A program that is ACTIVE as the node `id` for a moment. What it imports `from` stands in `head`. */
const program = (head: string, id: string): string => `${head}
async function main() {
  const transport = httpTransport({ url: "URL" });
  const node = new RollcallNode({
    transport,
    nodeId: ${JSON.stringify(id)},
    nodeType: "effect",
    endpoints: { api: "http://10.0.0.7:8080" },
  });
  const active = node.next("active", AbortSignal.timeout(30_000));
  await node.start();
  const [{ node_id }] = await active;
  console.log(node_id, node.phase);
  await node.close();
  await transport.close();
}
main().catch((error) => {
  console.error(error);
  globalThis.process.exitCode = 1;
});
`;

const IMPORTED = "httpTransport, RollcallNode";

export const PROGRAMS = {
  esm: (from: string, id: string) => program(`import { ${IMPORTED} } from "${from}";`, id),
  cjs: (from: string, id: string) => program(`const { ${IMPORTED} } = require("${from}");`, id),
  ts: (from: string, id: string) =>
    program(`import { ${IMPORTED}, type RegistrationEvent, type Transport } from "${from}";`, id)
      .replace("const transport =", "const transport: Transport =")
      .replace("globalThis.process", "(globalThis as unknown as { process: { exitCode: number } }).process")
      .concat("export type Seen = RegistrationEvent;\n"),
} as const;
