/** A tree of XML: elements by name, lists repeat the element, `undefined` is left out. */
export type XmlTree = { readonly [element: string]: XmlNode };
type XmlNode = string | number | boolean | undefined | XmlTree | readonly XmlNode[];

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
const escapeText = (text: string) => text.replace(/[&<>"']/g, (char) => entities[char] ?? char);
const unescapeText = (text: string) =>
  Object.entries(entities).reduceRight((out, [char, entity]) => out.replaceAll(entity, char), text);

const isList = (node: XmlNode): node is readonly XmlNode[] => Array.isArray(node);

function renderNode(name: string, node: XmlNode): string {
  if (node === undefined) return '';
  if (isList(node)) return node.map((item) => renderNode(name, item)).join('');
  const inner = typeof node === 'object' ? renderTree(node) : escapeText(String(node));
  return `<${name}>${inner}</${name}>`;
}

const renderTree = (tree: XmlTree): string =>
  Object.entries(tree)
    .map(([name, node]) => renderNode(name, node))
    .join('');

/** A whole XML document with one root element. */
export const renderXml = (root: string, tree: XmlTree): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${renderNode(root, tree)}`;

/** The inner text of every `<name>` in a document, in order. Enough for CompleteMultipartUpload, no general parser. */
export const elementsOf = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g'))].map((match) => match[1] ?? '');

/** The unescaped text of the first `<name>`, if there is one. */
export function textOf(xml: string, name: string): string | undefined {
  const [inner] = elementsOf(xml, name);
  return inner === undefined ? undefined : unescapeText(inner.trim());
}
