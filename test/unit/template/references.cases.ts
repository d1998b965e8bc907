import { describe, expect, test } from 'vitest';
import type { Packaged } from './packaged.ts';

/** Names that a piece of the template refers to. */
function namesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(namesIn);
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref') return [String(inner)];
    if (key === 'Fn::GetAtt') return [[inner].flat().join('.').split('.')[0] ?? ''];
    if (key === 'DependsOn') return [inner].flat().map(String);
    if (key === 'Fn::Sub')
      return [...JSON.stringify(inner).matchAll(/\$\{([^}.]+)/g)].map(([, name]) => name ?? '');
    return namesIn(inner);
  });
}

/** The names on the way back to one that was on it, if there is such a way. */
function circleFrom(
  name: string,
  edges: ReadonlyMap<string, readonly string[]>,
  way: readonly string[] = [],
): string[] {
  if (way.includes(name)) return [...way, name];
  for (const next of edges.get(name) ?? []) {
    const circle = circleFrom(next, edges, [...way, name]);
    if (circle.length > 0) return circle;
  }
  return [];
}

// CloudFormation refuses both, but only on deployment.
export const referencesCases = (packaged: () => Packaged) =>
  describe('references', () => {
    const edges = () =>
      new Map(Object.entries(packaged().resources).map(([id, resource]) => [id, namesIn(resource)] as const));

    test('lead to a resource, a parameter or AWS itself', () => {
      const known = new Set([...Object.keys(packaged().resources), ...Object.keys(packaged().parameters)]);
      const missing = [...edges().values()]
        .flat()
        .filter((name) => !known.has(name) && !name.startsWith('AWS::'));
      expect(missing).toEqual([]);
    });

    test('never run in a circle', () => {
      const all = edges();
      for (const id of all.keys()) expect(circleFrom(id, all)).toEqual([]);
    });
  });
