/** MJCF's default classes: attributes that elements inherit from `<default>`, `childclass` and `class`. */
import { UserError } from '../../base/errors.js';
import { childrenNamed, type XmlNode } from '../../base/xml.js';

type Attributes = ReadonlyMap<string, string>;

export class MjcfDefaults {
  /** By class, then by element name. */
  private readonly classes = new Map<string, Map<string, Attributes>>();

  constructor(
    root: XmlNode,
    private readonly file: string,
  ) {
    this.classes.set('main', new Map());
    for (const node of childrenNamed(root, 'default')) this.add(node, node.attributes.get('class') ?? 'main', 'main');
  }

  private add(node: XmlNode, name: string, parent: string): void {
    const own = new Map(this.classes.get(parent));
    for (const child of node.children) {
      if (child.name === 'default') continue;
      own.set(child.name, new Map([...(own.get(child.name) ?? []), ...child.attributes]));
    }
    this.classes.set(name, own);
    for (const child of childrenNamed(node, 'default')) {
      const childName = child.attributes.get('class');
      if (childName === undefined) throw new UserError(`${this.file}: a nested <default> without a class`);
      this.add(child, childName, name);
    }
  }

  /** The element's own attributes over those of its class (or of the body's `childclass`). */
  of(node: XmlNode, childClass: string): Attributes {
    const name = node.attributes.get('class') ?? childClass;
    const known = this.classes.get(name);
    if (!known) throw new UserError(`${this.file}: no default class ${name}`);
    return new Map([...(known.get(node.name) ?? []), ...node.attributes]);
  }
}
