export interface Good {
  readonly name: string;
  readonly price: string;
}

/** What stands on the shelf. A cart may hold anything else too. */
export const GOODS: readonly Good[] = [
  { name: "Trail map", price: "12" },
  { name: "Wool socks", price: "18" },
  { name: "Oat bars", price: "6" },
  { name: "Rain cape", price: "54" },
  { name: "Head lamp", price: "32" },
  { name: "Tin mug", price: "9" },
];

export const MAX_ITEM_LENGTH = 60;
export const MAX_USER_LENGTH = 40;
/** One session stays small enough to be read and written whole. */
export const MAX_ITEMS = 1_000;
