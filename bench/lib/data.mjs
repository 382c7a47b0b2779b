/** What a session holds besides its user and its counter. */
export const PROFILE = { theme: "dark", language: "en", cart: ["apple", "pear"] };

let users = 0;

/** Each client is another user: one user with hundreds of sessions would be another thing to measure. */
export function nextUser() {
  return String(++users);
}
