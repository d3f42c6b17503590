// The plain alternative: nginx with proxy_cache on POST, one worker.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../test/cluster/home.ts'
import { type Program, start } from './program.ts'

export interface Nginx extends Program {
  readonly url: string
}

/** Starts one in front of `upstream` (`http://HOST:PORT`), its files in a folder that goes with it. */
export async function startNginx(upstream: string, core: number): Promise<Nginx> {
  const dir = mkdtempSync(join(tmpdir(), 'ovate-bench-nginx-'))
  const port = await freePort()
  const file = join(dir, 'nginx.conf')
  writeFileSync(file, configuration(dir, port, upstream))
  const started = start({
    command: 'nginx',
    args: ['-p', dir, '-e', join(dir, 'error.log'), '-c', file],
    core,
  })
  const stop = async (): Promise<void> => {
    await started.stop()
    rmSync(dir, { recursive: true, force: true })
  }
  return { ...started, stop, url: `http://127.0.0.1:${port}` }
}

// A body spilled to disk leaves $request_body empty, and different statements would share a key: it is kept in memory.
// Connections live as long as the load, as they do with Ovate; nothing is logged for a request, as there.
function configuration(dir: string, port: number, upstream: string): string {
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
daemon off;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log warn;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  proxy_cache_path ${dir}/cache keys_zone=answers:10m max_size=100m inactive=1h use_temp_path=off;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    client_max_body_size 1m;
    client_body_buffer_size 1m;
    client_body_in_single_buffer on;
    location / {
      proxy_pass ${upstream};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache answers;
      proxy_cache_methods POST;
      proxy_cache_key $request_uri$request_body;
      proxy_cache_valid 200 1h;
      proxy_cache_lock on;
    }
  }
}
`
}
