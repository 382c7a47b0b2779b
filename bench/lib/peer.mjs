// What every Node peer does: tells its parent where it listens, answers how much CPU time it has used, and ends when
// its parent does.

export function ready(port) {
  process.on("message", (message) => {
    if (message !== "cpu") return;
    const { user, system } = process.cpuUsage();
    process.send({ cpuMs: (user + system) / 1000 });
  });
  process.on("disconnect", () => process.exit(0));
  process.send({ port });
}
