import type { Id64 } from "../hash/id64.ts";
import { createSketch, type Sketch } from "./sketch.ts";

/** Clients of one server, from the least to the most recently seen. Part of that server's live state. */
export interface BoundList {
  size: number;
  oldest: BoundEntry | undefined;
  newest: BoundEntry | undefined;
  /** Once the list has overflowed: all clients, those that it no longer holds included. */
  sketch: Sketch | undefined;
  overflowedMs: number;
}

export interface BoundOwner {
  readonly bound: BoundList;
}

interface BoundEntry {
  readonly id: Id64;
  owner: BoundOwner;
  seenMs: number;
  /** The touch that saw it last. */
  serial: number;
  older: BoundEntry | undefined;
  newer: BoundEntry | undefined;
}

/** What a touch changed, kept by the attempt so that one that fails leaves no trace. */
export interface Touch {
  boundId: Id64 | undefined;
  boundSerial: number;
  previousOwner: BoundOwner | undefined;
  previousMs: number;
}

export interface BoundCount {
  /** Absent until one whole window has been observed. */
  readonly count?: number;
  readonly exact: boolean;
}

/** Which client was last seen where. Times are monotonic. */
export interface BoundTable<Owner extends BoundOwner> {
  /** Where the client is bound; undefined: nowhere, or not seen for a window. Changes nothing. */
  find(id: Id64, nowMs: number): Owner | undefined;
  /** The client is being served by `owner`. */
  touch(id: Id64, owner: Owner, nowMs: number, touch: Touch): void;
  /** The client was served by `owner` to the end; if it has moved since, that stays. */
  refresh(id: Id64, owner: Owner, nowMs: number): void;
  /** Takes a touch back unless the client has been seen since. */
  undo(touch: Touch): void;
  forget(id: Id64): void;
  count(owner: Owner, nowMs: number): BoundCount;
  /** Drops what is past the window; a few entries at a time when requests do it. */
  expire(owner: Owner, nowMs: number, most?: number): void;
  setWindow(windowMs: number, nowMs: number): void;
}

/** Clients of one server that are counted exactly. */
export const EXACT_LIMIT = 65_536;

export function createBoundList(): BoundList {
  return { size: 0, oldest: undefined, newest: undefined, sketch: undefined, overflowedMs: 0 };
}

export function createBoundTable<Owner extends BoundOwner>(
  initialWindowMs: number,
  startMs: number,
  limit: number = EXACT_LIMIT,
): BoundTable<Owner> {
  const entries = new Map<string, BoundEntry>();
  let windowMs = initialWindowMs;
  let observedSinceMs = startMs;
  let serials = 0;

  function expire(owner: Owner, nowMs: number, most = Number.POSITIVE_INFINITY): void {
    const list = owner.bound;
    for (let left = most; left > 0; left--) {
      const { oldest } = list;
      if (oldest === undefined || nowMs - oldest.seenMs < windowMs) break;
      drop(oldest);
    }
    if (list.sketch === undefined) return;
    if (nowMs - list.overflowedMs >= windowMs) list.sketch = undefined;
    else if (list.sketch.windowMs < windowMs) list.sketch = sketchOf(list);
  }

  function sketchOf(list: BoundList): Sketch {
    const sketch = createSketch(windowMs);
    for (let entry = list.oldest; entry !== undefined; entry = entry.newer) sketch.add(entry.id, entry.seenMs);
    return sketch;
  }

  function drop(entry: BoundEntry): void {
    unlink(entry);
    entries.delete(entry.id.text);
  }

  function overflow(owner: Owner, nowMs: number): void {
    const list = owner.bound;
    list.sketch ??= sketchOf(list);
    list.overflowedMs = nowMs;
    if (list.oldest !== undefined) drop(list.oldest);
  }

  function add(id: Id64, owner: Owner, nowMs: number): BoundEntry {
    expire(owner, nowMs, 2);
    if (owner.bound.size >= limit) overflow(owner, nowMs);
    const entry: BoundEntry = { id, owner, seenMs: nowMs, serial: 0, older: undefined, newer: undefined };
    entries.set(id.text, entry);
    link(entry);
    owner.bound.sketch?.add(id, nowMs);
    return entry;
  }

  function see(entry: BoundEntry, owner: Owner, nowMs: number): void {
    unlink(entry);
    entry.owner = owner;
    entry.seenMs = nowMs;
    if (owner.bound.size >= limit) overflow(owner, nowMs);
    link(entry);
    owner.bound.sketch?.add(entry.id, nowMs);
  }

  return {
    find(id, nowMs) {
      const entry = entries.get(id.text);
      return entry === undefined || nowMs - entry.seenMs >= windowMs ? undefined : (entry.owner as Owner);
    },
    touch(id, owner, nowMs, touch) {
      let entry = entries.get(id.text);
      touch.previousOwner = entry?.owner;
      touch.previousMs = entry?.seenMs ?? 0;
      if (entry === undefined) entry = add(id, owner, nowMs);
      else see(entry, owner, nowMs);
      entry.serial = ++serials;
      touch.boundId = id;
      touch.boundSerial = entry.serial;
    },
    refresh(id, owner, nowMs) {
      const entry = entries.get(id.text);
      if (entry === undefined) add(id, owner, nowMs);
      else if (entry.owner === owner) see(entry, owner, nowMs);
    },
    undo({ boundId, boundSerial, previousOwner, previousMs }) {
      const entry = boundId === undefined ? undefined : entries.get(boundId.text);
      if (entry === undefined || entry.serial !== boundSerial) return;
      if (previousOwner === undefined) return drop(entry);
      unlink(entry);
      entry.owner = previousOwner;
      entry.seenMs = previousMs;
      link(entry);
    },
    forget(id) {
      const entry = entries.get(id.text);
      if (entry !== undefined) drop(entry);
    },
    count(owner, nowMs) {
      expire(owner, nowMs);
      const { sketch, size } = owner.bound;
      const exact = sketch === undefined;
      if (nowMs - observedSinceMs < windowMs) return { exact };
      return { count: exact ? size : Math.max(size, sketch.estimate(nowMs)), exact };
    },
    expire,
    setWindow(nextMs, nowMs) {
      // Clients between the old window and a longer one may have been dropped already: observe anew.
      if (nextMs > windowMs) observedSinceMs = nowMs;
      windowMs = nextMs;
    },
  };
}

function unlink(entry: BoundEntry): void {
  const list = entry.owner.bound;
  if (entry.older === undefined) list.oldest = entry.newer;
  else entry.older.newer = entry.newer;
  if (entry.newer === undefined) list.newest = entry.older;
  else entry.newer.older = entry.older;
  entry.older = undefined;
  entry.newer = undefined;
  list.size--;
}

/** At its place by date: at the end, save when a touch is undone. */
function link(entry: BoundEntry): void {
  const list = entry.owner.bound;
  let before = list.newest;
  while (before !== undefined && before.seenMs > entry.seenMs) before = before.older;
  entry.older = before;
  entry.newer = before === undefined ? list.oldest : before.newer;
  if (entry.older === undefined) list.oldest = entry;
  else entry.older.newer = entry;
  if (entry.newer === undefined) list.newest = entry;
  else entry.newer.older = entry;
  list.size++;
}
