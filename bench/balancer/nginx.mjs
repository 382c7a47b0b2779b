// nginx's own `sticky` needs 1.29.6; the hash of a cookie that the first answer sets does the same work in any version.

/** Content of the `http` block. One worker, as every other peer has one process. */
export function nginxConf(listenPort, ports) {
  return `
  map $cookie_affinity $client { "" $request_id; default $cookie_affinity; }
  map $cookie_affinity $stamp { "" "affinity=$request_id; Path=/; HttpOnly"; default ""; }
  upstream shop {
    hash $client consistent;
    ${ports.map((port) => `server 127.0.0.1:${port};`).join(" ")}
    keepalive 256;
    keepalive_requests 1000000;
  }
  server {
    listen 127.0.0.1:${listenPort};
    keepalive_requests 1000000;
    location / {
      proxy_pass http://shop;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      add_header Set-Cookie $stamp;
    }
  }
`;
}
