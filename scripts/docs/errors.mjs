// docs/reference/errors.md: one section for each row of the error table.
import { ERROR_TABLE } from "../../packages/core/dist/index.js";

export const file = "docs/reference/errors.md";

export function render() {
  const sections = Object.entries(ERROR_TABLE).map(([code, row]) => section(code, row));
  return `# Errors

Every error of Sojourn has a stable \`code\`; match on it, never on the message. \`status\` is the HTTP status with which
the error is answered when it reaches a client, and \`retryable\` says whether the same request may succeed when it is
tried again. Words in braces are filled in when the error is raised.

${sections.join("\n")}`;
}

function section(code, row) {
  return `## ${code}

* **What:** ${prose(row.what)}
* **Mend:** ${prose(row.mend)}
* **Status:** ${row.status}, ${row.retryable ? "retryable" : "not retryable"}
`;
}

/** The texts are plain: what Markdown would read as markup is escaped. */
function prose(text) {
  return text.replace(/[\\`*_[\]<>#|~]/g, "\\$&");
}
