import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../cloud/free-port.ts';

/** PEM files. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

interface Listening {
  readonly port: number;
  readonly securePort: number;
  readonly secure: Certificate | undefined;
}

const configuration = (dir: string, { port, securePort, secure }: Listening): string => `
daemon off;
user root;
worker_processes 1;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  sendfile on;
  sendfile_max_chunk 2m;
  tcp_nodelay on;
  client_body_temp_path ${dir}/t1; proxy_temp_path ${dir}/t2; fastcgi_temp_path ${dir}/t3;
  uwsgi_temp_path ${dir}/t4; scgi_temp_path ${dir}/t5;
  server {
    listen 127.0.0.1:${port};
${
  secure
    ? `    listen 127.0.0.1:${securePort} ssl;
    ssl_certificate ${secure.certificate}; ssl_certificate_key ${secure.key};`
    : ''
}
    root ${dir}/www;
    location ~ ^/v2/images/[^/]+$ { default_type application/json; try_files $uri/record.json =404; }
    location ~ /file$ { default_type application/octet-stream; }
  }
}
`;

const end = async (child: ChildProcess): Promise<void> => {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
};

/** An image that nginx gives out. */
export interface StaticImage {
  readonly record: Readonly<Record<string, unknown>> & { readonly id: string };
  /** Writes the image's bytes to this path. */
  write(path: string): Promise<void>;
}

/**
 * nginx as the source's Glance: static records at /v2/images/{id}, data at /v2/images/{id}/file.
 * @param secure what it shows at `secureUrl`; nobody is there when absent
 */
export const startNginx = async (dir: string, secure?: Certificate) => {
  const [port, securePort] = [await freePort(), await freePort()];
  await mkdir(join(dir, 'www'), { recursive: true });
  const file = join(dir, 'nginx.conf');
  await writeFile(file, configuration(dir, { port, securePort, secure }));
  const child = spawn('nginx', ['-c', file, '-p', dir, '-e', join(dir, 'error.log')], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}`;
  while (!(await fetch(url).catch(() => undefined))) {
    if (child.exitCode !== null) throw new Error(`nginx ended (${child.exitCode}): see ${dir}/error.log`);
    await delay(20);
  }
  return {
    url,
    secureUrl: `https://127.0.0.1:${securePort}`,
    add: async ({ record, write }: StaticImage): Promise<void> => {
      const image = join(dir, 'www/v2/images', record.id);
      await mkdir(image, { recursive: true });
      await write(join(image, 'file'));
      await writeFile(join(image, 'record.json'), JSON.stringify(record));
    },
    stop: () => end(child),
  };
};
