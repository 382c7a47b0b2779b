// The examples that the README shows, compiled and run in the project where the tarballs are installed.
import { spawn } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { freePort, listening } from "../servers/launch.mjs";
import { root } from "../steps.mjs";

const EXAMPLES = [
  { folder: "session-express", main: "shop", drive: driveExpress },
  { folder: "session-fetch", main: "worker", web: true, drive: driveFetch },
];

/** Copies the examples' sources into the project. @returns what to compile there */
export function examples(project) {
  return EXAMPLES.map(({ folder, main, web = false }) => {
    const target = join(project, "examples", folder);
    cpSync(join(root, "examples", folder), target, {
      recursive: true,
      filter: (path) => !/node_modules|dist|package\.json$|tsconfig/.test(path.slice(root.length)),
    });
    return { name: folder, web, main: join("examples", folder, `${main}.ts`) };
  });
}

/** @returns {Promise<string[]>} problems */
export async function runExamples(project) {
  const problems = [];
  for (const { folder, main, drive } of EXAMPLES) {
    try {
      await drive(join(project, "out", folder, `${main}.js`), project);
    } catch (error) {
      problems.push(`examples/${folder}: ${error.message}`);
    }
  }
  return problems;
}

function expect(what, actual, wanted) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(wanted)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

/** The cookies that responses set, by name, as a browser would send them back. */
function cookieJar() {
  const cookies = new Map();
  return {
    header: () => [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
    keep(response) {
      for (const line of response.headers.getSetCookie()) {
        const [pair = ""] = line.split(";", 1);
        const name = pair.slice(0, pair.indexOf("="));
        if (/;\s*max-age=0/i.test(line)) cookies.delete(name);
        else cookies.set(name, pair.slice(name.length + 1));
      }
      return response;
    },
  };
}

/** A visitor fills a cart, logs in, keeps the cart, logs out for good. */
async function driveExpress(script, project) {
  const port = await freePort();
  const child = spawn(process.execPath, [script], {
    cwd: project,
    env: { ...process.env, PORT: String(port), SOJOURN_KEYS: generateKey(createSystemRandom()) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  const exited = new Promise((resolve) => child.on("exit", resolve));
  const jar = cookieJar();
  const call = async (method, path, body) => {
    const headers = { cookie: jar.header(), ...(body && { "content-type": "application/json" }) };
    return jar.keep(
      await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: body && JSON.stringify(body) }),
    );
  };
  const cart = async () => (await call("GET", "/cart")).json();
  try {
    await listening(port, exited);
    expect("an empty cart", await cart(), { user: null, items: [] });
    expect("POST /cart", (await call("POST", "/cart", { item: "apple" })).status, 204);
    const before = jar.header();
    expect("POST /login", (await call("POST", "/login", { user: "anna" })).status, 204);
    expect("the cart after login", await cart(), { user: "anna", items: ["apple"] });
    if (jar.header() === before) throw new Error("login kept the token");
    const loggedIn = jar.header();
    expect("POST /logout", (await call("POST", "/logout")).status, 204);
    expect("the cookies after logout", jar.header(), "");
    const replayed = await fetch(`http://127.0.0.1:${port}/cart`, { headers: { cookie: loggedIn } });
    expect("the old cookie after logout", await replayed.json(), { user: null, items: [] });
    if (said !== "") throw new Error(`it wrote to standard error: ${said}`);
  } catch (error) {
    throw new Error(`${error.message}\n${said}`);
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}

/** The worker is called as its platform would call it. */
async function driveFetch(script) {
  process.env.SOJOURN_KEYS ??= generateKey(createSystemRandom());
  const { default: worker } = await import(pathToFileURL(script).href);
  const jar = cookieJar();
  const call = async (path) => {
    const headers = { cookie: jar.header() };
    return jar.keep(await worker.fetch(new Request(`https://shop.example${path}`, { headers })));
  };
  expect("before login", (await call("/")).status, 401);
  expect("login", await (await call("/login")).text(), "Logged in");
  expect("the first visit", await (await call("/")).json(), { user: "123", visits: 1 });
  expect("the second visit", await (await call("/")).json(), { user: "123", visits: 2 });
}
