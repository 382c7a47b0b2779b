import { kindOf } from "./kinds.ts";

const KEPT = 0;
const HIDDEN = 1;
const DROPPED = 2;

const WIDTH = 5;

/**
 * The fields of one message: ordered, as spelled by the sender, some of them dropped, others added behind.
 * Received fields are offsets into the head's text; strings are made only of what somebody asks for. Made to be
 * reused: `reset` empties it.
 */
export class Fields {
  /** Number of received fields, dropped ones included. */
  count = 0;
  readonly kinds: number[] = [];
  private text = "";
  /** `WIDTH` offsets a field: its name's begin and end, its value's begin and end, its line's end. */
  private readonly at: number[] = [];
  /** `KEPT`, `HIDDEN` or `DROPPED`. */
  private readonly fate: number[] = [];
  private extras = 0;
  private readonly extraNames: string[] = [];
  private readonly extraValues: string[] = [];

  reset(): void {
    this.count = 0;
    this.text = "";
    this.clearAdded();
  }

  /** Offsets are relative to the text that `bind` gives afterwards. */
  push(kind: number, nameAt: number, nameEnd: number, valueAt: number, valueEnd: number, lineEnd: number): void {
    const { at } = this;
    const i = this.count++;
    const k = i * WIDTH;
    this.kinds[i] = kind;
    at[k] = nameAt;
    at[k + 1] = nameEnd;
    at[k + 2] = valueAt;
    at[k + 3] = valueEnd;
    // A line that reads exactly `name: value` can be taken as it stands; 0: it cannot.
    at[k + 4] = valueAt === nameEnd + 2 && valueEnd + 2 === lineEnd ? lineEnd : 0;
    this.fate[i] = KEPT;
  }

  bind(text: string): void {
    this.text = text;
  }

  name(i: number): string {
    return this.text.slice(this.at[i * WIDTH], this.at[i * WIDTH + 1]);
  }

  value(i: number): string {
    return this.text.slice(this.at[i * WIDTH + 2], this.at[i * WIDTH + 3]);
  }

  /** Whether a tab follows the value: other parsers take it for a part of a framing value. */
  tabFollows(i: number): boolean {
    let at = this.at[i * WIDTH + 3] as number;
    while (this.text.charCodeAt(at) === 0x20) at++;
    return this.text.charCodeAt(at) === 0x09;
  }

  /** Removes field `i` for everybody. */
  drop(i: number): void {
    this.fate[i] = DROPPED;
  }

  /** Removes field `i` from what is forwarded; `get` and `joined` still find it. */
  hide(i: number): void {
    this.fate[i] = HIDDEN;
  }

  /** Whether field `i` has this name, given in lower case. */
  is(i: number, name: string): boolean {
    const length = (this.at[i * WIDTH + 1] as number) - (this.at[i * WIDTH] as number);
    return length === name.length && this.name(i).toLowerCase() === name;
  }

  /** Adds a field of ours. Name and value must be clean: they are written as they are. */
  add(name: string, value: string): void {
    this.extraNames[this.extras] = name;
    this.extraValues[this.extras++] = value;
  }

  /** Number of added fields: a mark for `clearAdded`. */
  get added(): number {
    return this.extras;
  }

  clearAdded(mark = 0): void {
    this.extras = mark;
  }

  /** First value among received fields that are not dropped; the name in lower case. */
  get(name: string): string | undefined {
    for (let i = 0; i < this.count; i++) if (this.fate[i] !== DROPPED && this.is(i, name)) return this.value(i);
    return undefined;
  }

  /** All values of a kind joined by `separator`; undefined when there is none. */
  joined(kind: number, separator: string): string | undefined {
    let text: string | undefined;
    for (let i = 0; i < this.count; i++) {
      if (this.kinds[i] !== kind || this.fate[i] === DROPPED) continue;
      text = text === undefined ? this.value(i) : text + separator + this.value(i);
    }
    return text;
  }

  /** Calls `visit` with every field that is left, added ones last. */
  each(visit: (name: string, value: string) => void): void {
    for (let i = 0; i < this.count; i++) if (this.fate[i] === KEPT) visit(this.name(i), this.value(i));
    for (let i = 0; i < this.extras; i++) {
      visit(this.extraNames[i] as string, this.extraValues[i] as string);
    }
  }

  /**
   * The fields that are left as `name: value` lines. Neighbouring lines that read so already, byte for byte, are taken
   * from the text in one slice.
   */
  lines(): string {
    const text = this.text;
    let out = "";
    let runAt = -1;
    let runEnd = -1;
    for (let i = 0; i < this.count; i++) {
      if (this.fate[i] !== KEPT) continue;
      const lineEnd = this.at[i * WIDTH + 4] as number;
      const nameAt = this.at[i * WIDTH] as number;
      if (lineEnd === 0) {
        if (runAt !== -1) out += text.slice(runAt, runEnd);
        runAt = -1;
        out += `${this.name(i)}: ${this.value(i)}\r\n`;
      } else if (runAt !== -1 && runEnd === nameAt) {
        runEnd = lineEnd;
      } else {
        if (runAt !== -1) out += text.slice(runAt, runEnd);
        runAt = nameAt;
        runEnd = lineEnd;
      }
    }
    if (runAt !== -1) out += text.slice(runAt, runEnd);
    for (let i = 0; i < this.extras; i++) out += `${this.extraNames[i]}: ${this.extraValues[i]}\r\n`;
    return out;
  }

  /** Builds fields from pairs, as a codec without text of its own does. The pairs must be validated. */
  static of(pairs: readonly (readonly [name: string, value: string])[]): Fields {
    const fields = new Fields();
    let text = "";
    for (const [name, value] of pairs) {
      const at = text.length;
      const nameEnd = at + name.length;
      text += `${name}: ${value}\r\n`;
      const kind = kindOf(Buffer.from(name, "latin1"), 0, name.length);
      fields.push(kind, at, nameEnd, nameEnd + 2, nameEnd + 2 + value.length, text.length);
    }
    fields.bind(text);
    return fields;
  }
}
