import { type Content, html, type Html } from "./html.ts";

const DOCUMENT_LINKS = [
  ["/docs", "Messages"],
  ["/docs/api", "HTTP API"],
  ["/schemas", "JSON Schemas"],
] as const;

export interface DocumentPage {
  readonly title: string;
  /** Which of the documents this is. */
  readonly path: string;
  readonly intro: Content;
  readonly contents: readonly {
    readonly heading: string;
    readonly links: readonly (readonly [href: string, text: string])[];
  }[];
  readonly body: Content;
}

/** A whole document. It needs no script, and nothing from elsewhere. */
export const renderDocument = ({ title, path, intro, contents, body }: DocumentPage): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Rollcall</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<nav aria-label="Documents"><a href="/">Rollcall</a>${DOCUMENT_LINKS.map(([href, text]) => html`<a href="${href}"${path === href && html` aria-current="page"`}>${text}</a>`)}</nav>
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

const sectionLinks = ({ heading, links }: DocumentPage["contents"][number]): Html =>
  html`<h2>${heading}</h2>
    <ul>
      ${links.map(([href, text]) => html`<li><a href="${href}">${text}</a></li>`)}
    </ul>`;

/** What is wider than a narrow page is scrolled by itself, by keyboard too. */
export const scrollable = (label: string, content: Html): Html =>
  html`<div class="scrolled" role="region" aria-label="${label}" tabindex="0">${content}</div>`;

export const codeBlock = (label: string, code: string): Html =>
  scrollable(label, html`<pre><code>${code}</code></pre>`);
