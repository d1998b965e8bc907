import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Upload {
  readonly name: string;
  readonly file: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly isPublic: boolean;
}

/**
 * Plain `openstack image create`, the way one types it; python3-openstackclient has to be there.
 * @param openrc of who uploads
 * @returns the image's id
 */
export const uploadByClient = async (
  { name, file, properties, isPublic }: Upload,
  openrc: Readonly<Record<string, string>>,
): Promise<string> => {
  const given = Object.entries(properties).flatMap(([key, value]) => ['--property', `${key}=${value}`]);
  const formats = ['--disk-format', 'raw', '--container-format', 'bare'];
  const args = ['image', 'create', '--file', file, ...formats, ...given, isPublic ? '--public' : '--private'];
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], no_proxy: '*', ...openrc };
  const { stdout } = await run('openstack', [...args, '-f', 'value', '-c', 'id', name], { env });
  return stdout.trim();
};
