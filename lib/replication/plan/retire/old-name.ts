import { madeMs, type Replica } from '../region/region-view.ts';

/** Characters that Glance's database takes (glance/db/sqlalchemy/models.py, Image.name). */
const longestName = 255;

const cut = (text: string, length: number): string => [...text].slice(0, Math.max(0, length)).join('');

/** `{date}` is the day on which the source was made, in UTC. Of what is too long `{name}` is cut. */
export const oldNameOf = (replica: Replica, template: string): string => {
  const rest = template
    .replaceAll('{date}', () => new Date(madeMs(replica)).toISOString().slice(0, 10).replaceAll('-', ''))
    .replaceAll('{id}', () => replica.id);
  const [before = '', ...after] = rest.split('{name}');
  if (after.length === 0) return cut(before, longestName);
  const room = Math.floor((longestName - [...before, ...after.join('')].length) / after.length);
  return cut([before, ...after].join(cut(replica.name, room)), longestName);
};
