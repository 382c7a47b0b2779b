/** The contract of one session under parallel requests, as a pure machine that does one thing at a time. */

type Data = Readonly<Record<string, unknown>>;

export type Step =
  /** `saw`: what the request was told. */
  | { readonly kind: "get"; readonly key: string; readonly saw: unknown }
  /** `read`: what the request had read of the key before, where that binds it (`strict`). */
  | { readonly kind: "set"; readonly key: string; readonly value: unknown; readonly read?: { readonly value: unknown } }
  | { readonly kind: "unset"; readonly key: string }
  | { readonly kind: "increment"; readonly key: string; readonly by: number }
  | { readonly kind: "push"; readonly key: string; readonly item: string }
  | { readonly kind: "double"; readonly key: string }
  | { readonly kind: "clear" };

export type Identity = "commit" | "rotate" | "elevate" | "login" | "logout";

/** One atomic thing that a request did: from `start` to `end` it was under way. */
export interface Deed {
  readonly request: number;
  /** `look`: requests that were written together see what they came to together. */
  readonly kind: "load" | Identity | "look";
  /** What the request recorded before it, since its last deed. */
  readonly steps: readonly Step[];
  /** `persist` was called since then. */
  readonly persists: boolean;
  /** `persist` was called in this request. */
  readonly remembers: boolean;
  readonly userId?: string;
  readonly start: number;
  readonly end: number;
  /** Of the session afterwards; undefined: there is none. */
  readonly id: string | undefined;
}

interface Kept {
  readonly data: Data;
  readonly userId: string | undefined;
  readonly level: number;
  readonly persistent: boolean;
  /** How many logins have retired the first token. */
  readonly logins: number;
  /** A successor has been issued, or the first token retired: then a rotation may have nothing to do. */
  readonly rotated: boolean;
}

interface View {
  readonly id: string | undefined;
  /** The session as the request last knew it. */
  readonly base: Kept | undefined;
}

export interface World {
  /** By id; undefined: ended. */
  readonly sessions: Readonly<Record<string, Kept | undefined>>;
  readonly views: Readonly<Record<number, View>>;
}

export const ELEVATED = 3;

function doStep(data: Data, step: Step): Data {
  switch (step.kind) {
    case "get":
      return data;
    case "set":
      return { ...data, [step.key]: step.value };
    case "unset": {
      const { [step.key]: _, ...rest } = data;
      return rest;
    }
    case "increment":
      return { ...data, [step.key]: ((data[step.key] as number | undefined) ?? 0) + step.by };
    case "push":
      return { ...data, [step.key]: [...((data[step.key] as string[] | undefined) ?? []), step.item] };
    case "double":
      return { ...data, [step.key]: ((data[step.key] as number | undefined) ?? 1) * 2 };
    case "clear":
      return {};
  }
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** Whether each `get` saw what was there. */
function seenRightly(base: Data, steps: readonly Step[]): boolean {
  let data = base;
  for (const step of steps) {
    if (step.kind === "get" && !same(step.saw, data[step.key])) return false;
    data = doStep(data, step);
  }
  return true;
}

/** @returns undefined when `strict` forbids it. */
function replay(data: Data, steps: readonly Step[]): Data | undefined {
  let next = data;
  for (const step of steps) {
    if (step.kind === "set" && step.read !== undefined && !same(step.read.value, next[step.key])) return undefined;
    next = doStep(next, step);
  }
  return next;
}

/** @returns the world after `deed`, or undefined when `deed` could not have gone so. */
export function perform(world: World, deed: Deed, first: string): World | undefined {
  const { request, kind, steps, id } = deed;
  if (kind === "load") {
    const kept = world.sessions[first];
    const valid = kept !== undefined && kept.logins === 0;
    if ((id === undefined) === valid) return undefined;
    return { ...world, views: { ...world.views, [request]: { id, base: id === undefined ? undefined : kept } } };
  }
  const view = world.views[request];
  if (view === undefined || !seenRightly(view.base?.data ?? {}, steps)) return undefined;

  if (kind === "look") {
    const base = id === undefined ? undefined : world.sessions[id];
    return base && { ...world, views: { ...world.views, [request]: { id, base } } };
  }
  const become = (at: string | undefined, kept: Kept | undefined, ended?: string): World | undefined => {
    if (at !== id) return undefined;
    const sessions = { ...world.sessions };
    if (ended !== undefined) sessions[ended] = undefined;
    if (at !== undefined) sessions[at] = kept;
    return { sessions, views: { ...world.views, [request]: { id: at, base: kept } } };
  };
  const current = view.id === undefined ? undefined : world.sessions[view.id];
  const writes = deed.persists || steps.some((step) => step.kind !== "get");
  if (kind === "logout") return become(undefined, undefined, view.id);
  const other = kind === "login" && view.base?.userId !== undefined && view.base.userId !== deed.userId;
  if (view.id === undefined || other) {
    const data = other ? {} : replay({}, steps);
    if (data === undefined) return undefined;
    const begun = { data, userId: deed.userId, level: 0, persistent: deed.remembers, logins: 0, rotated: false };
    if (kind === "login") return become(id, { ...begun, level: 1 }, view.id);
    if (kind === "rotate" || Object.keys(data).length === 0) return become(undefined, undefined);
    return become(id, begun);
  }
  const idle = kind === "commit" || (kind === "rotate" && view.base?.rotated === true);
  if (idle && !writes) return view.id === id ? world : undefined;
  if (current === undefined || view.base === undefined) return undefined;
  if (current.userId !== view.base.userId || current.level !== view.base.level) return undefined;
  const data = replay(current.data, steps);
  if (data === undefined) return undefined;
  const next = { ...current, data, persistent: current.persistent || deed.persists };
  if (kind === "elevate") return become(view.id, { ...next, level: ELEVATED, rotated: true });
  if (kind !== "login") return become(view.id, { ...next, rotated: next.rotated || kind === "rotate" });
  const { logins } = current;
  return become(view.id, {
    ...next,
    userId: deed.userId,
    level: 1,
    persistent: deed.remembers,
    logins: logins + 1,
    rotated: false,
  });
}

/**
 * Looks for an order of `deeds` that the machine could have gone through to come to what `arrived` accepts. A deed that
 * had ended before another began stands before it.
 */
export function findOrder(
  world: World,
  given: readonly Deed[],
  first: string,
  arrived: (world: World) => boolean,
): readonly Deed[] | undefined {
  const dead = new Set<string>();
  const before = new Map<Deed, Deed>();
  for (const deed of given) {
    const writes = deed.steps.some(({ kind }) => kind !== "get");
    if (deed.kind !== "commit" || deed.id === undefined || !writes) continue;
    before.set({ ...deed, kind: "look", steps: [] }, deed);
  }
  const deeds = [...given, ...before.keys()];
  /** A rotation with nothing to do may have waited for what others wrote, and have seen it. */
  function outcomes(at: World, deed: Deed): readonly World[] {
    const next = perform(at, deed, first);
    if (next === undefined) return [];
    const seen =
      deed.kind === "rotate" && next === at ? perform(at, { ...deed, kind: "look", steps: [] }, first) : undefined;
    return seen === undefined ? [next] : [next, seen];
  }
  function search(at: World, done: ReadonlySet<Deed>): readonly Deed[] | undefined {
    const left = deeds.filter((deed) => !done.has(deed));
    if (left.length === 0) return arrived(at) ? [] : undefined;
    const name = `${deeds.map((deed) => (done.has(deed) ? 1 : 0)).join("")} ${JSON.stringify(at)}`;
    if (dead.has(name)) return undefined;
    const soonest = Math.min(...left.map(({ end }) => end));
    for (const deed of left) {
      const earlier = before.get(deed);
      if (deed.start > soonest || (earlier !== undefined && !done.has(earlier))) continue;
      for (const next of outcomes(at, deed)) {
        const rest = search(next, new Set([...done, deed]));
        if (rest !== undefined) return [deed, ...rest];
      }
    }
    dead.add(name);
    return undefined;
  }
  return search(world, new Set());
}
