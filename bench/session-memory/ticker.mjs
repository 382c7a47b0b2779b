// How long others wait while something works: a tick asks for the next turn of the event loop, again and again, and
// the longest time between two ticks is what a request would have waited. Other programs on the machine lengthen it, so
// the CPU time between two ticks is told too; that of the collector's threads is in it.

export async function longestTurn(work) {
  let longestMs = 0;
  let longestCpuMs = 0;
  let running = true;
  const began = performance.now();
  let last = { ms: began, cpuMs: cpuMs() };
  const ticking = new Promise((resolve) => {
    setImmediate(function tick() {
      const now = { ms: performance.now(), cpuMs: cpuMs() };
      longestMs = Math.max(longestMs, now.ms - last.ms);
      longestCpuMs = Math.max(longestCpuMs, now.cpuMs - last.cpuMs);
      last = now;
      if (running) setImmediate(tick);
      else resolve();
    });
  });
  await work();
  running = false;
  const ms = performance.now() - began;
  await ticking;
  return { longestMs, longestCpuMs, ms };
}

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
