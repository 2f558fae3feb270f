import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { System } from "../../host/system.ts";
import { type Http, PROBLEMS } from "../server/route-types.ts";
import { parseBody } from "../server/json-body.ts";
import { notFound, Problem } from "../server/problem.ts";

const Params = z.object({ file: z.string().max(255) });
const Body = z.strictObject({ text: z.string().min(1) });

export function addContractFileRoutes(http: Http, { contractsDir, editable }: System): void {
  http.put(
    "/api/v1/contracts/files/:file",
    {
      config: { access: [] },
      schema: {
        summary: "Writes one of the contracts' files: under `rollcall dev` only",
        description: "The file must be there; the new text is there whole or not at all. It is not checked before.",
        params: Params,
        body: Body,
        response: { 204: z.undefined(), ...PROBLEMS },
      },
    },
    async ({ params: { file }, body }, reply) => {
      if (!editable)
        throw new Problem(
          "conflict",
          "this server does not write contracts: run rollcall dev, or take the file away and deploy it",
        );
      const { text } = parseBody(Body, body, "{text}");
      // By the folder's own list: no name that a request brings is ever a path.
      const name = readdirSync(contractsDir).find((each) => each === file && each.endsWith(".yaml"));
      if (name === undefined) throw notFound(`there is no contract ${file} in the folder`);
      replaceFile(join(contractsDir, name), text);
      return reply.code(204).send();
    },
  );
}

function replaceFile(path: string, text: string): void {
  // Not seen by a reader of *.yaml, should it stay behind.
  const temporary = `${path}.${process.pid}.new`;
  try {
    writeFileSync(temporary, text, { flag: "wx" });
    renameSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}
