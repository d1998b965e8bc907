import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Whether the environment knows how to restart the Glance of the target's region. */
export const canReconfigure = Boolean(process.env['RECONFIGURE_TARGET']);

export const secureRbac = `[DEFAULT]
enforce_secure_rbac = True
[oslo_policy]
enforce_new_defaults = True
enforce_scope = True`;

/**
 * Restarts the Glance of the target's region with options over its own, by RECONFIGURE_TARGET, a command for bash that
 * reads them on its standard input.
 * @param options as in glance-api.conf; none: as it was
 */
export const reconfigureTarget = async (options = ''): Promise<void> => {
  const command = process.env['RECONFIGURE_TARGET'] ?? '';
  const child = spawn('bash', ['-c', command], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(options);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`RECONFIGURE_TARGET ended with ${code}`);
};
