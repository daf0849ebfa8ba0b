/** XML as a plain tree: names, attributes, children, text. All reading of URDF, MJCF and COLLADA goes through here. */
import { DOMParser } from '@xmldom/xmldom';
import { messageOf, UserError } from './errors.js';

export interface XmlNode {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlNode[];
  /** All text directly inside, joined. */
  readonly text: string;
}

const ELEMENT = 1;
const TEXT = 3;
const CDATA = 4;

/** The root element of a document. Broken XML is a `UserError` that names the file. */
export function parseXml(source: string, file: string): XmlNode {
  const fail = (detail: string): never => {
    // The parser's messages carry the place on further lines: one line is enough.
    throw new UserError(`${file} is not valid XML: ${detail.split('\n')[0].trim()}`);
  };
  try {
    const parser = new DOMParser({ onError: (level, message) => level !== 'warning' && fail(message) });
    const root = parser.parseFromString(source, 'text/xml').documentElement;
    return root ? convert(root) : fail('it has no element');
  } catch (error) {
    if (error instanceof UserError) throw error;
    return fail(messageOf(error));
  }
}

/** The part of the DOM that is used. */
interface DomNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly nodeValue: string | null;
  readonly firstChild: DomNode | null;
  readonly nextSibling: DomNode | null;
}

interface DomElement extends DomNode {
  readonly attributes: { readonly length: number; item(index: number): { name: string; value: string } | null };
}

const isElement = (node: DomNode): node is DomElement => node.nodeType === ELEMENT;

function convert(element: DomElement): XmlNode {
  const attributes = new Map<string, string>();
  for (let i = 0; i < element.attributes.length; i++) {
    const attribute = element.attributes.item(i);
    if (attribute) attributes.set(attribute.name, attribute.value);
  }
  const children: XmlNode[] = [];
  let text = '';
  for (let child: DomNode | null = element.firstChild; child; child = child.nextSibling) {
    if (isElement(child)) children.push(convert(child));
    else if (child.nodeType === TEXT || child.nodeType === CDATA) text += child.nodeValue ?? '';
  }
  return { name: element.nodeName, attributes, children, text };
}

export const childrenNamed = (node: XmlNode, name: string): XmlNode[] => node.children.filter((c) => c.name === name);
export const childNamed = (node: XmlNode | undefined, name: string): XmlNode | undefined =>
  node?.children.find((c) => c.name === name);

/** Numbers separated by white space. NaN and anything else that is no number is a `UserError`. */
export function numbersIn(text: string, where: string, count?: number): number[] {
  const trimmed = text.trim();
  const values = trimmed === '' ? [] : trimmed.split(/\s+/).map(Number);
  if (values.every(Number.isFinite) && (count === undefined || values.length === count)) return values;
  const shown = trimmed.length > 40 ? `${trimmed.slice(0, 40)}...` : trimmed;
  throw new UserError(`${where}: expected ${count ?? 'only'} finite numbers, found "${shown}"`);
}
