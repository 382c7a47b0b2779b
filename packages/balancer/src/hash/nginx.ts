import { hash } from "node:crypto";

/** The value of NGINX's `sticky cookie`: MD5 of the socket address as NGINX prints it, `127.0.0.1:80` or `[::1]:80`. */
export function socketMd5(address: string, port: number): string {
  return hash("md5", `${address.includes(":") ? `[${address}]` : address}:${port}`, "hex");
}
