import { headerText } from "../header-text.ts";
import type { SessionRequest } from "../http.ts";
import type { Device } from "../record/device.ts";
import { clientAddress, networkOf } from "./client-address.ts";
import { remember } from "./remember.ts";
import type { Trust } from "./trust.ts";
import { agentOf } from "./user-agent.ts";

/** What a request shows of the device that sent it. */
export type DeviceReader = (request: SessionRequest) => Device;

/** Parsing is done once for each user agent and address, not once for each request. */
export function createDeviceReader(trusts: Trust): DeviceReader {
  const agents = remember(agentOf);
  const networks = remember(networkOf);
  return (request) => {
    const { browser, system } = agents(headerText(request, "user-agent") ?? "");
    const address = clientAddress(request, trusts);
    const network = address === undefined ? undefined : networks(address);
    return {
      browser,
      system,
      ipv4: network !== undefined && "ipv4" in network ? network.ipv4 : undefined,
      ipv6: network !== undefined && "ipv6" in network ? network.ipv6 : undefined,
    };
  };
}
