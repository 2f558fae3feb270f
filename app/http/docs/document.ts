/** Text that is HTML. Only the tag `html` makes it: everything else in a page is escaped. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = string | number | Html | undefined | false | readonly Content[];

/** A piece of a page. The contents of `${}` are escaped, for text and for attribute values in quotes. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(parts.reduce((text, part, index) => text + render(contents[index - 1]) + part));
}

function render(content: Content): string {
  if (content === undefined || content === false) return "";
  if (content instanceof Html) return content.text;
  return Array.isArray(content) ? content.map(render).join("") : escapeHtml(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");

/** An anchor for any text, of lower case letters, digits and `-`. */
export const anchorOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");

const documentLinks = (base: string) =>
  [
    [`${base}/docs`, "Messages"],
    ["/docs/api", "HTTP API"],
    [`${base}/schemas`, "JSON Schemas"],
  ] as const;

export interface DocumentPage {
  readonly title: string;
  /** Which of the documents this is. */
  readonly path: string;
  /** Below which the documents of its domain are; "" for those without a domain in their paths. */
  readonly base?: string;
  readonly intro: Content;
  readonly contents: readonly {
    readonly heading: string;
    readonly links: readonly (readonly [href: string, text: string])[];
  }[];
  readonly body: Content;
}

/** A whole document, without scripts and without anything from another origin. */
export function renderDocument({ title, path, base = "", intro, contents, body }: DocumentPage): string {
  const documents = documentLinks(base).map(
    ([href, text]) => html`<a href="${href}"${path === href && html` aria-current="page"`}>${text}</a>`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Rollcall</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
<nav aria-label="Documents"><a href="/">Rollcall</a>${documents}</nav>
</header>
<div class="columns">
<nav class="contents" aria-label="On this page">${contents.map(sectionLinks)}</nav>
<main id="main" tabindex="-1">
<h1>${title}</h1>
${intro}
${body}
</main>
</div>
</body>
</html>
`.text;
}

const sectionLinks = ({ heading, links }: DocumentPage["contents"][number]): Html =>
  html`<h2>${heading}</h2>
    <ul>
      ${links.map(([href, text]) => html`<li><a href="${href}">${text}</a></li>`)}
    </ul>`;

/** Content that may be wider than the page: it scrolls by itself, also by keyboard. */
const scrollable = (label: string, content: Html): Html =>
  html`<div class="scrolled" role="region" aria-label="${label}" tabindex="0">${content}</div>`;

export const codeBlock = (label: string, code: string): Html =>
  scrollable(label, html`<pre><code>${code}</code></pre>`);

/** @param rows of as many cells as there are columns; the first one is the row's header */
export function table(label: string, columns: readonly string[], rows: readonly (readonly Content[])[]): Html {
  const row = ([header, ...cells]: readonly Content[]) =>
    html`<tr><th scope="row">${header}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;
  const head = html`<thead><tr>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>`;
  return scrollable(label, html`<table>${head}<tbody>${rows.map(row)}</tbody></table>`);
}
