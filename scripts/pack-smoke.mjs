// Packs all packages, installs the tarballs into an empty project, and there compiles and runs the examples that the
// README shows. Also: every exported file is packed, every subpath loads, the session root loads no optional
// dependency, and what is meant for other runtimes needs nothing of Node.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { examples, runExamples } from "./pack/examples.mjs";
import { installInto, packAll } from "./pack/install.mjs";
import { exportedFiles, reach } from "./pack/reach.mjs";
import { bin, root } from "./steps.mjs";

const FOLDERS = ["packages/core", "packages/session", "packages/balancer", "packages/cli"];
/** Beside our packages: what the examples, the optional stores and telemetry need, and the types to compile them. */
const ALSO = ["express", "@types/express", "@types/node", "libsql", "jose", "@opentelemetry/api"];

const problems = [];
const project = realpathSync(mkdtempSync(join(tmpdir(), "sojourn-pack-")));
try {
  await smoke();
} catch (error) {
  problems.push(error.message);
} finally {
  rmSync(project, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
console.log(problems.length === 0 ? "packed packages: ok" : `packed packages: ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

async function smoke() {
  const packed = packAll(FOLDERS, project);
  for (const each of packed) checkContents(each);
  installInto(project, packed, ALSO);
  const subpaths = packed.flatMap(({ name, folder }) => subpathsOf(name, folder));
  compile(subpaths);
  await loadAll(subpaths);
  checkReach();
  checkBin();
  problems.push(...(await runExamples(project)));
}

function checkContents({ name, folder, files }) {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  const wanted = [
    ...Object.values(exportedFiles(manifest)).flat(),
    ...Object.values(manifest.bin ?? {}),
    "README.md",
    "LICENSE",
  ];
  for (const file of wanted.map((path) => path.replace(/^\.\//, ""))) {
    if (!files.includes(file)) problems.push(`${name}: ${file} is not in the tarball`);
  }
  for (const file of files) {
    if (/(^|\/)(test|src|node_modules)\/|tsbuildinfo$|\.tgz$/.test(file))
      problems.push(`${name}: ${file} is in the tarball`);
  }
}

function subpathsOf(name, folder) {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  return Object.keys(manifest.exports)
    .filter((subpath) => subpath !== "./package.json")
    .map((subpath) => `${name}${subpath.slice(1)}`);
}

/** The examples and an import of every subpath, with the declarations of our packages checked as well. */
function compile(subpaths) {
  writeFileSync(
    join(project, "all.ts"),
    subpaths.map((path, i) => `import * as p${i} from "${path}";\nvoid p${i};\n`).join(""),
  );
  const options = {
    target: "es2023",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    rewriteRelativeImportExtensions: true,
  };
  const projects = [
    {
      name: "all",
      compilerOptions: { ...options, outDir: "out", types: ["node"], skipLibCheck: true },
      files: ["all.ts"],
    },
    ...examples(project).map(({ name, main, web }) => ({
      name,
      // Without Node's types, code for other runtimes cannot lean on them, nor can the declarations it imports.
      compilerOptions: {
        ...options,
        rootDir: `examples/${name}`,
        outDir: `out/${name}`,
        ...(web ? { types: [], lib: ["es2023", "dom"] } : { types: ["node"], skipLibCheck: true }),
      },
      files: [main],
    })),
  ];
  for (const { name, ...config } of projects) {
    const file = join(project, `tsconfig.${name}.json`);
    writeFileSync(file, JSON.stringify(config));
    const { status, stdout } = spawnSync(process.execPath, [bin.tsc, "-p", file], { cwd: project, encoding: "utf8" });
    if (status !== 0) problems.push(`${name} does not compile:\n${stdout}`);
  }
}

async function loadAll(subpaths) {
  for (const subpath of subpaths) {
    const script = `const m = await import("${subpath}"); if (Object.keys(m).length === 0) process.exit(9);`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: project,
      encoding: "utf8",
    });
    if (status === 9) problems.push(`${subpath} exports nothing`);
    else if (status !== 0) problems.push(`${subpath} does not load:\n${stderr}`);
  }
}

/** The session root may load what it declares as a dependency, but nothing optional; only on Node, what Node brings. */
function checkReach() {
  const modules = join(project, "node_modules");
  const own = (name) => name.startsWith("@sojourn/");
  const { dependencies } = JSON.parse(readFileSync(join(modules, "@sojourn/session/package.json"), "utf8"));
  const check = (specifier, conditions, optional = "") => {
    for (const [outside, file] of reach(modules, specifier, conditions, own).outside) {
      if (
        outside in dependencies ||
        outside === optional ||
        (conditions.includes("node") && outside.startsWith("node:"))
      )
        continue;
      const importer = file.slice(modules.length + 1);
      problems.push(`${specifier} under [${conditions}] reaches ${outside}, imported by ${importer}`);
    }
  };
  // What names no platform must run on all of them.
  const everywhere = subpathsOf("@sojourn/session", "packages/session").filter((subpath) =>
    /session(?:\/fetch|\/hono|\/carriers\/.*)?$/.test(subpath),
  );
  for (const conditions of [["node"], [], ["workerd"], ["edge-light"], ["browser"]]) {
    for (const subpath of ["@sojourn/core", ...everywhere, "@sojourn/session/stores/memory"])
      check(subpath, conditions, subpath.endsWith("/jwt") ? "jose" : "");
    check("@sojourn/session/otel", conditions, "@opentelemetry/api");
  }
}

function checkBin() {
  const script = join(project, "node_modules", ".bin", "sojourn");
  if (!existsSync(script)) return void problems.push("sojourn: the command is not installed");
  const { status, stdout, stderr } = spawnSync(process.execPath, [realpathSync(script), "--help"], {
    cwd: project,
    encoding: "utf8",
  });
  if (status !== 0 || !stdout.includes("serve"))
    problems.push(`sojourn --help answered ${status}:\n${stderr}${stdout}`);
}
