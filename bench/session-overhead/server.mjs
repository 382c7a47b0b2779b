// One contender on one framework. It listens and says where.
import { ready } from "../lib/peer.mjs";
import { frameworks } from "./frameworks.mjs";

const { kit, framework, ...input } = JSON.parse(process.argv[2]);
const { create } = await import(new URL(`contenders/${kit}.mjs`, import.meta.url));
ready(await frameworks[framework](create(framework, input)));
