import { IDENTITY_FILES, type ProxySetup, type ProxyWish } from "./proxy-setup.ts";

/**
 * nginx 1.22. It takes WebSocket by HTTP/1.1 alone, in front and behind, and only where Upgrade and Connection are handed on
 * by name. `proxy_read_timeout` is how long the server may be silent, `proxy_send_timeout` how long it may not read.
 */
export const nginxSetups: readonly ProxySetup[] = [
  {
    name: "nginx",
    program: "nginx",
    label: "nginx",
    backend: "plain",
    backVersion: "1.1",
    fronts: ["1.1"],
    jams: false,
    mixesClients: false,
    isVariant: false,
    plan: (wish) => ({
      files: (folder, port) => ({ ...IDENTITY_FILES, "nginx.conf": configuration(folder, port, wish) }),
      args: (folder) => ["-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`],
      // Its sockets are open by the time it says how it waits for events
      sign: "event method",
    }),
  },
];

function configuration(folder: string, port: number, { backendPort, idleSeconds }: ProxyWish): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/certificate.pem;
    ssl_certificate_key ${folder}/key.pem;
    location / {
      proxy_pass http://127.0.0.1:${backendPort};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Proxy nginx;
      proxy_read_timeout ${idleSeconds}s;
    }
  }
}
`;
}
