import { checkText } from "./check.ts";

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/**
 * Ms since the Unix epoch, by the forgiving algorithm of RFC 6265bis §5.6.1; undefined where it fails.
 * @throws ARGUMENT_INVALID
 */
export function parseCookieDate(text: string): number | undefined {
  checkText("parseCookieDate", "text", text);
  let time: [number, number, number] | undefined;
  let day: number | undefined;
  let month: number | undefined;
  let year: number | undefined;
  for (const token of text.split(/[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/)) {
    const clock = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D|$)/.exec(token);
    const monthAt = MONTHS.indexOf(token.slice(0, 3).toLowerCase());
    if (time === undefined && clock !== null) time = [Number(clock[1]), Number(clock[2]), Number(clock[3])];
    else if (day === undefined && /^\d{1,2}(?:\D|$)/.test(token)) day = Number.parseInt(token, 10);
    else if (month === undefined && monthAt !== -1) month = monthAt;
    else if (year === undefined && /^\d{2,4}(?:\D|$)/.test(token)) year = Number.parseInt(token, 10);
  }
  if (time === undefined || day === undefined || month === undefined || year === undefined) return undefined;
  if (year >= 70 && year <= 99) year += 1900;
  else if (year <= 69) year += 2000;
  const [hour, minute, second] = time;
  if (day < 1 || day > 31 || year < 1601 || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = Date.UTC(year, month, day, hour, minute, second);
  return new Date(date).getUTCDate() === day ? date : undefined;
}
