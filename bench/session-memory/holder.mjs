// Holds sessions in one library's memory store, and measures itself.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createPeer } from "./express-session.mjs";
import { createOurs } from "./sojourn.mjs";
import { longestTurn } from "./ticker.mjs";

const BATCH = 1_000;

process.on("disconnect", () => process.exit(0));
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");
const { kind, sessions } = JSON.parse(process.argv[2]);
const measured = [];
const note = (name, unit, value) => measured.push({ name, unit, value });

const peer = kind === "sojourn" ? await createOurs(sessions) : createPeer();
await fill();
for (const { name, prepare, work } of peer.sweeps) {
  await prepare?.();
  await settle();
  const { longestMs, longestCpuMs, ms } = await longestTurn(work);
  note(`${name}: longest blockage`, "ms", longestMs);
  note(`${name}: longest turn, CPU time`, "ms", longestCpuMs);
  note(`${name}: whole time`, "ms", ms);
}
process.send({ measured });

async function fill() {
  const before = await settle();
  let createMs = 0;
  for (let left = sessions; left > 0; left -= BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, left) }, peer.make);
    const began = performance.now();
    for (const each of batch) await peer.create(each);
    createMs += performance.now() - began;
  }
  const after = await settle();
  note("memory of the process", "MB", after.rss / 1e6);
  note("heap and external", "MB", held(after) / 1e6);
  note("bytes per session", "B", (held(after) - held(before)) / sessions);
  note("create", "µs/session", (createMs * 1000) / sessions);
}

function held({ heapUsed, external }) {
  return heapUsed + external;
}

/** Memory once what is unreachable is gone: freed buffers leave in a later turn than the collection. */
async function settle() {
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage();
}
