// One contender with its store. It listens and says where.
import { frameworks } from "../frameworks.mjs";
import { ready } from "../peer.mjs";
import { databases } from "./databases.mjs";

const { kit, database, framework, url, ...input } = JSON.parse(process.argv[2]);
const { create } = await import(new URL(`${kit}.mjs`, import.meta.url));
const client = await databases[database].connect(url);
ready(await frameworks[framework](await create(database, client, input)));
