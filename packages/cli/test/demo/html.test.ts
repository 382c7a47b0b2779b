import { describe, expect, it } from "vitest";
import { html } from "../../src/demo/html.ts";

describe("html", () => {
  it("escapes every value that it did not make itself", () => {
    expect(html`<p title="${`"'`}">${"<script>&"}</p>`.text).toBe('<p title="&quot;&#39;">&lt;script&gt;&amp;</p>');
  });

  it("takes its own parts, lists of them, numbers and nothing as they are", () => {
    const rows = ["a", "<b>"].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${rows}</ul>${3}${undefined}${html`<br>`}`.text).toBe("<ul><li>a</li><li>&lt;b&gt;</li></ul>3<br>");
  });

  it("takes no look-alike from outside for HTML", () => {
    expect(html`${JSON.parse('{"text":"<b>"}')}`.text).not.toContain("<b>");
  });
});
