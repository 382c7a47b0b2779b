/** What a session holds besides its user and its counter. */
export const PROFILE = { theme: "dark", language: "en", cart: ["apple", "pear"] };
