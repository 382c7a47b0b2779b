/** Version 1 said `cart: ["apple", "apple"]`, version 2 says `lines: { apple: 2 }`. */
export const data = {
  version: 2,
  migrate({ cart = [], ...rest }) {
    const lines = {};
    for (const item of cart) lines[item] = (lines[item] ?? 0) + 1;
    return { ...rest, lines };
  },
  writeVersion: Number(process.env.WRITE_VERSION ?? 2),
  downgrade({ lines = {}, ...rest }) {
    const cart = Object.entries(lines).flatMap(([item, count]) => Array(count).fill(item));
    return { ...rest, cart };
  },
};
