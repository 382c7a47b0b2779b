// Drives one server as browsers would and counts what went wrong.
import { Agent } from "node:http";
import { createBrowser } from "./browser.mjs";

/** @returns {Promise<Record<string, number>>} faults by name, each out of `count` parallel requests */
export async function countFaults({ port, child }, count) {
  const agent = new Agent({ keepAlive: true });
  const browsers = [];
  const open = () => {
    const browser = createBrowser(port, agent);
    browsers.push(browser);
    return browser;
  };
  try {
    const { lost, refused } = await loseUpdates(open(), count);
    const revived = await reviveLogouts(Array.from({ length: count }, open), child);
    const { tokens, loggedOut } = await rotateAtOnce(open(), count);
    if (tokens === 0) throw new Error(`the server on port ${port} gave no new token: rotation is not on`);
    return {
      "lost updates": lost,
      "revived logouts": revived,
      "duplicate rotations": tokens - 1,
      "logged out by rotation": loggedOut,
      "failed requests": refused + browsers.reduce((sum, { failures }) => sum + failures(), 0),
    };
  } finally {
    agent.destroy();
  }
}

/**
 * One browser sends `count` requests at once. Each sets a key of its own and raises a counter. An update is lost when it
 * was answered with success and its key, or its share of the counter, is not there afterwards.
 */
async function loseUpdates(browser, count) {
  await logIn(browser, "ada");
  const items = Array.from({ length: count }, (_, i) => `item${i}`);
  const answers = await Promise.all(items.map((item) => browser.post(`/add?item=${item}`)));
  const done = answers.filter(({ status }) => status === 204).length;
  const refused = answers.filter(({ status }) => status < 500).length - done;
  const { n, items: found } = await browser.session();
  const kept = items.filter((item, i) => answers[i].status === 204 && found.includes(item)).length;
  return { lost: done - Math.min(kept, n), refused };
}

/**
 * `count` browsers, each with a request that has read its session and has not yet answered when the browser logs out.
 * A logout is revived when the session was gone after it and is back once the slow request is answered: in the browser
 * itself, or under the cookie that it held before. A cookie that simply outlives the logout is not counted.
 */
async function reviveLogouts(browsers, child) {
  await Promise.all(browsers.map((browser, i) => logIn(browser, `user${i}`)));
  const holders = browsers.map((browser) => [browser, browser.copy()]);
  const begun = messages(child, "begun", browsers.length);
  const slow = browsers.map((browser) => browser.post("/slow"));
  const early = Promise.all(slow).then(() =>
    Promise.reject(new Error("slow requests were answered before the logout")),
  );
  await Promise.race([begun, early]);
  await Promise.all(browsers.map((browser) => browser.post("/logout")));
  const alive = () => Promise.all(holders.map((pair) => Promise.all(pair.map(isLoggedIn))));
  const before = await alive();
  child.send("release");
  await Promise.all(slow);
  const after = await alive();
  return holders.filter((_, i) => after[i].some((lives, holder) => lives && !before[i][holder])).length;
}

/**
 * One browser whose token is due sends `count` requests at once, and each finds that it is. Counted are the different
 * tokens given, and the requests that met no login: among those, and one afterwards with what the browser then holds.
 */
async function rotateAtOnce(browser, count) {
  await logIn(browser, "ada");
  const old = browser.cookies();
  const answers = await Promise.all(Array.from({ length: count }, () => browser.post("/renew")));
  const given = new Set(answers.flatMap(({ set }) => set).filter((pair) => !old.includes(pair)));
  const refused = answers.filter(({ status }) => status === 401).length;
  return { tokens: given.size, loggedOut: refused + ((await isLoggedIn(browser)) ? 0 : 1) };
}

async function logIn(browser, user) {
  const { status } = await browser.post(`/login?user=${user}`);
  if (status !== 204) throw new Error(`a login was answered ${status}`);
}

async function isLoggedIn(browser) {
  return (await browser.session()).user !== null;
}

function messages(child, wanted, count) {
  return new Promise((resolve) => {
    let left = count;
    child.on("message", function counting(message) {
      if (message !== wanted || --left > 0) return;
      child.off("message", counting);
      resolve();
    });
  });
}
