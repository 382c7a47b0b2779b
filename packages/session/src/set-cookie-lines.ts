import { optionInvalid } from "./option-check.ts";

/** What a carrier wants set. @throws OPTIONS_INVALID when it answers with anything else than texts. */
export function setCookieLines(answer: unknown): readonly string[] {
  if (Array.isArray(answer) && answer.every((line) => typeof line === "string")) return answer;
  throw optionInvalid(
    "carrier",
    "answers with something that is no Set-Cookie values",
    "let it return a list of texts",
  );
}
