// `npm run setup:servers`: installs the real servers that tests start.
import { setUpServers } from "./servers/setup.mjs";

process.exitCode = setUpServers({ asked: true }).length === 0 ? 0 : 1;
