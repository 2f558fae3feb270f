import { describe, expect, it } from "vitest";
import { domainCodeOf } from "../../../app/host/module.ts";
import { checkForeignTopics } from "../../../runtime/contract/checks/check-foreign-topics.ts";
import { validateDomain, validateFiles } from "../../../runtime/contract/checks/validate.ts";
import type { DomainModel } from "../../../runtime/contract/model/domain-model.ts";
import { type Follower, followerCode, followerContract } from "../../host/follower-module.ts";
import { toyCode, toyFolder } from "../toy-domain.ts";

const ORDERS = validateDomain(toyFolder, toyCode).model as DomainModel;

function followerModel(follower: Follower): DomainModel {
  const files = [
    { file: "deliveries.yaml", text: followerContract({ topic: "{env}.{namespace}.shop.orders", ...follower }) },
  ];
  const { model, diagnostics } = validateFiles("deliveries", files, domainCodeOf("deliveries", followerCode(follower)));
  expect(diagnostics).toEqual([]);
  return model as DomainModel;
}
const found = (follower: Follower, names?: Parameters<typeof checkForeignTopics>[2]) => {
  const model = followerModel(follower);
  return [...checkForeignTopics(model, [model, ORDERS], names)];
};

describe("a domain that reads what another one publishes", () => {
  it.each(["order_id", "entity_id"])("may do so by %s, which is the publisher's entity", (entityId) =>
    expect(found({ entityId })).toEqual([]),
  );

  it("may not by an id of its own: both places are named, with what to do", () =>
    expect(found({ entityId: "customer_id" })).toMatchObject([
      {
        ...{
          code: "RC111",
          severity: "error",
          file: "deliveries.yaml",
          excerpt: expect.stringContaining("OrderPlaced"),
        },
        message: "orders publishes OrderPlaced by its order_id, and entities here have customer_id",
        remedy: expect.stringMatching(/order_id or entity_id here.* by customer_id$/),
        related: [{ file: expect.stringMatching(/orders\.yaml$/), message: "orders publishes here" }],
      },
    ]));

  it.each(["OrderNoted", "PlaceOrder"])("may not take %s from a topic of its publisher's", (type) =>
    expect(found({ type })).toMatchObject([
      { code: "RC111", message: `the topic belongs to orders, which does not publish ${type} to it` },
    ]),
  );

  it("may not read another domain's dead letters", () =>
    expect(found({ topic: "{env}.{namespace}.shop.dead" })).toMatchObject([{ code: "RC111" }]));

  it("may read what another one reads", () =>
    expect(found({ type: "PlaceOrder", topic: "{env}.{namespace}.shop.place-order", entityId: "customer_id" })).toEqual(
      [],
    ));

  it("is known by the topics' names, not by how contracts write them", () => {
    const written = { topic: "dev.shop.orders", entityId: "customer_id" };
    expect(found(written)).toEqual([]);
    expect(found(written, { env: "dev", namespace: "" })).toMatchObject([{ code: "RC111" }]);
  });
});
