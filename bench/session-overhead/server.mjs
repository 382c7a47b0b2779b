// One contender on one framework. It listens and says where.

import { frameworks } from "../lib/frameworks.mjs";
import { ready } from "../lib/peer.mjs";

const { kit, framework, ...input } = JSON.parse(process.argv[2]);
const { create } = await import(new URL(`contenders/${kit}.mjs`, import.meta.url));
ready(await frameworks[framework](create(framework, input)));
