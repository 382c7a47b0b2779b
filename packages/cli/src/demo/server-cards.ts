import { type Html, html } from "./html.ts";
import type { ServerView, Verb } from "./protocol.ts";

const CONDITION_WORDS: Readonly<Record<ServerView["condition"], string>> = {
  up: "up",
  draining: "draining",
  drained: "drained: nobody is left",
  starting: "starting",
  stopping: "stopping",
  down: "killed",
};

/** What may be asked of a server in each condition; the rest would be refused. */
const CHOICES: Readonly<Record<ServerView["condition"], readonly Verb[]>> = {
  up: ["kill", "restart", "drain"],
  draining: ["kill", "restart", "enable"],
  drained: ["kill", "restart", "enable"],
  starting: [],
  stopping: [],
  down: ["restart"],
};

const SHOWN: readonly Verb[] = ["kill", "restart", "drain"];

export function serverCards(servers: readonly ServerView[], servedBy: string): readonly Html[] {
  return servers.map(
    (server) => html`
      <article class="server ${server.condition}${server.name === servedBy ? " here" : ""}" id="${server.name}">
        <h3>${server.name}${server.name === servedBy ? html` <span class="pin">you are here</span>` : undefined}</h3>
        <p class="condition"><span class="dot"></span>${CONDITION_WORDS[server.condition]}<span class="details">${details(server)}</span></p>
        <div class="buttons">${buttons(server)}</div>
      </article>`,
  );
}

function details({ bound, pid }: ServerView): string {
  const clients = bound === undefined ? "" : bound === 1 ? "1 client · " : `${bound} clients · `;
  return pid === undefined ? "" : `${clients}pid ${pid}`;
}

/** Three places on every card, so that nothing jumps: enable stands where drain stood. */
function buttons({ name, condition }: ServerView): readonly Html[] {
  const choices = CHOICES[condition];
  return SHOWN.map((shown) => {
    const verb = shown === "drain" && condition.startsWith("drain") ? "enable" : shown;
    const off = choices.includes(verb) ? undefined : html` disabled`;
    return html`<form method="post" action="/servers/${name}/${verb}"><button class="${verb}" id="${verb}-${name}"
          aria-label="${verb} ${name}"${off}>${verb}</button></form>`;
  });
}
