/** One thread, as every other peer has one process. */
export function haproxyConf(listenPort, ports) {
  return `
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  option forwardfor
frontend front
  bind 127.0.0.1:${listenPort}
  default_backend shop
backend shop
  http-reuse always
  cookie affinity insert indirect nocache httponly
${ports.map((port, i) => `  server shop-${i + 1} 127.0.0.1:${port} cookie shop-${i + 1}`).join("\n")}
`;
}
