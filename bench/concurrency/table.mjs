/** Prints a report of this benchmark as a table: a row a server, the median and what the rounds spread over. */
export function show({ node, rounds, results }) {
  const kinds = [...new Set(results.map(({ name }) => name.split(" ", 1)[0]))];
  const faults = [...new Set(results.map(({ name }) => name.slice(name.indexOf(" ") + 1)))];
  const rows = kinds.map((kind) => [
    kind,
    ...faults.map((fault) => cell(results.find(({ name }) => name === `${kind} ${fault}`))),
  ]);
  const table = [[results[0].unit, ...faults], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  console.log(`concurrency: Node ${node}, ${rounds} ${rounds === 1 ? "round" : "rounds"}\n`);
  for (const row of table)
    console.log(
      row
        .map((text, column) => text.padEnd(widths[column]))
        .join("  ")
        .trimEnd(),
    );
}

function cell({ min, median, max }) {
  return min === max ? String(median) : `${median} (${min} to ${max})`;
}
