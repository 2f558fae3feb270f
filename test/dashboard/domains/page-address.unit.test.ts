import { describe, expect, it } from "vitest";
import { addressesOf, readAddress } from "../../../dashboard/domains/page-address.ts";

const boats = addressesOf({ name: "boats_of_all_kinds", isAtRoot: true, list: "boats" });
const books = addressesOf({ name: "books", isAtRoot: false, list: "entities" });
const read = (path: string, domains = [books, boats]) => {
  const { domain, ...rest } = readAddress(path, domains);
  return { ...rest, domain: domain?.name };
};

describe("an address of the page", () => {
  it("without a domain's name is of the domain at the root, else of the first", () => {
    expect(read("/events")).toEqual({
      ...{ domain: boats.name, domainName: undefined, path: "/events", entityId: undefined },
    });
    expect(read("/", [books])).toMatchObject({ domain: "books", path: "/" });
  });

  it("with a name is of that domain, also of the one at the root", () => {
    expect(read("/domains/books")).toMatchObject({ domain: "books", path: "/" });
    expect(read("/domains/books/dead-letters")).toMatchObject({ domain: "books", path: "/dead-letters" });
    expect(read(`/domains/${boats.name}/events`)).toMatchObject({ domain: boats.name, path: "/events" });
  });

  it("may have the name of a domain that is not served", () =>
    expect(read("/domains/bikes/events")).toMatchObject({ domain: undefined, domainName: "bikes" }));

  it.each(["a/b", "über 100 %", "<b>", "?x#y"])("leads back to the entity %s", (id) => {
    for (const domain of [books, boats]) {
      const address = domain.entitiesPage(id);
      expect(read(address)).toMatchObject({ domain: domain.name, entityId: id });
      expect(new URL(address, "http://here").pathname, "it survives the browser").toBe(address);
    }
  });

  it("of the list of entities has no entity", () => {
    expect(books.entitiesPage()).toBe("/domains/books/entities");
    expect(boats.entitiesPage()).toBe("/boats");
    for (const { entitiesPage } of [books, boats])
      for (const address of [entitiesPage(), `${entitiesPage()}/`]) expect(read(address).entityId).toBeUndefined();
  });
});
