import { Parser } from "@asyncapi/parser";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { registrationCode } from "../../app/modules/registration/module.ts";
import { asyncApiOf } from "../../runtime/contract/documents/async-api.ts";
import { shippedDomain } from "./shipped-domain.ts";

const document = asyncApiOf(shippedDomain, registrationCode({}).messages, "1.2.3");

describe("the AsyncAPI document of the shipped contracts", () => {
  test("is one to AsyncAPI's own parser, and nothing in it is wrong or dubious", async () => {
    const { document: read, diagnostics } = await new Parser().parse(JSON.stringify(document));
    expect(
      diagnostics.filter(({ severity }) => severity <= 1).map(({ message, path }) => `${path.join(".")}: ${message}`),
    ).toEqual([]);
    expect(read?.version()).toBe("3.0.0");
  });

  test("names every topic of the contracts, received or sent", async () => {
    const { document: read } = await new Parser().parse(JSON.stringify(document));
    const addresses = (
      operations: { channels(): { all(): { address(): string | null | undefined }[] } }[],
    ): unknown[] =>
      operations
        .flatMap((operation) =>
          operation
            .channels()
            .all()
            .map((channel) => channel.address()),
        )
        .sort();
    expect(addresses(read?.operations().filterByReceive() ?? [])).toEqual(
      shippedDomain.consumed.map(({ topic }) => topic).sort(),
    );
    expect(addresses(read?.operations().filterBySend() ?? [])).toEqual(
      [...shippedDomain.topicByEventType.values(), shippedDomain.deadLetterTopic].sort(),
    );
  });

  test("is not made when a published type has no message in code, which it would silently leave out", () => {
    const { messages } = registrationCode({});
    const without = messages.filter(({ messageType }) => messageType !== "NodeBecameActive");
    expect(() => asyncApiOf(shippedDomain, without, "1.2.3")).toThrow(
      "NodeBecameActive is published on dev.onex.evt.node-became-active.v1, but no message of the code is called so",
    );
  });

  test("tells an introspection that can be taken from one that can't", () => {
    const { components } = document as { components: { schemas: Record<string, object> } };
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const validate = ajv.compile(components.schemas["NodeIntrospectionEvent"] ?? {});
    expect(validate({ node_id: "a", node_type: "effect" })).toBe(true);
    expect(validate({ node_id: "", node_type: "effect" })).toBe(false);
    expect(validate({ node_type: "effect" })).toBe(false);
  });
});
