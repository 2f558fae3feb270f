import { describe, expect, it } from "vitest";
import { shellQuote } from "../../../app/http/docs/shell-commands.ts";
import { fieldTable } from "../../../app/http/docs/field-table.ts";
import { anchorOf, html } from "../../../app/http/docs/document.ts";
import { apiPage } from "../../../app/http/docs/api-page.ts";

const HOSTILE = `"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;`;
const ESCAPED = "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&amp;amp;";

describe("a piece of a page", () => {
  it("escapes text, between tags and in attributes, alone and in lists", () => {
    const { text } = html`<a title="${HOSTILE}">${HOSTILE}</a>${[HOSTILE, [HOSTILE]]}`;
    expect(text).toBe(`<a title="${ESCAPED}">${ESCAPED}</a>${ESCAPED}${ESCAPED}`);
  });

  it("keeps nested pieces, and leaves out undefined and false", () => {
    expect(html`<p>${html`<b>${1}</b>`}${undefined}${false}</p>`.text).toBe("<p><b>1</b></p>");
  });

  it("escapes an object that only looks like a piece", () => {
    const forged = { text: "<script>" };
    expect(html`${[forged as never]}`.text).not.toContain("<script>");
  });

  it("makes anchors of letters, digits and dashes", () => {
    expect([anchorOf("GET /api/v1/{id}"), anchorOf(HOSTILE)].join(" ")).toMatch(/^get-api-v1-id [a-z0-9-]+$/);
  });
});

describe("a page made of hostile descriptions", () => {
  const schema = {
    type: "object",
    required: [HOSTILE],
    properties: {
      [HOSTILE]: { type: HOSTILE, description: HOSTILE, enum: [HOSTILE], pattern: "</td><script>", default: HOSTILE },
      list: { type: "array", items: { type: "object", properties: { [HOSTILE]: { const: HOSTILE } } } },
    },
  };
  const tagsOf = (text: string): readonly string[] => [...new Set(text.match(/<[a-z!/][^\s>]*/gi))].toSorted();

  it("has no tags but the table's own", () => {
    const { text } = fieldTable(HOSTILE, schema);
    expect(text).toContain(ESCAPED);
    const own = tagsOf(
      fieldTable("plain", { type: "object", properties: { a: { type: "string", maxLength: 1 } } }).text,
    );
    expect(tagsOf(text).filter((tag) => !own.includes(tag))).toEqual([]);
  });

  it("has no tags from the texts of routes, parameters and answers", () => {
    const operation = (text: string) => ({
      summary: text,
      description: text,
      "x-access": [text],
      parameters: [{ name: text, in: text, description: text, schema: { type: "string", maxLength: 3 } }],
      requestBody: { content: { [text]: { schema } } },
      responses: { [text]: { description: text, content: { [text]: { schema } } } },
    });
    const page = (text: string) =>
      apiPage({
        info: { title: text, version: text, description: text },
        paths: { [text]: { [text]: operation(text) } },
      });
    expect(page(HOSTILE)).toContain(ESCAPED);
    expect(tagsOf(page(HOSTILE))).toEqual(tagsOf(page("plain")));
  });
});

it("a quoted text is one word for a shell", () => {
  expect(shellQuote("it's $(rm -rf /) `x`")).toBe(`'it'\\''s $(rm -rf /) \`x\`'`);
});
