/** What a terminal obeys, or a reader of lines takes for an end of one, and JSON leaves as it is. */
const UNSAFE = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** One line of JSON with its end. Whatever the strings in it hold, it stays one line, and reads back unchanged. */
export function auditLine(entry: object): string {
  const text = JSON.stringify(entry);
  return `${text.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)}\n`;
}
