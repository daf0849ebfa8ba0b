/**
 * COLLADA 1.4 (.dae): triangles, polylists and polygons of all geometries that the scene shows, with the diffuse colours of their
 * materials. The unit is applied; the up axis is not, as robot viewers do it: the mesh stands in the link as its numbers say.
 */
import { UserError } from '../base/errors.js';
import { childNamed, childrenNamed, numbersIn, parseXml, type XmlNode } from '../base/xml.js';
import { compose, fromAxisAngle, fromTranslation, identity, type Mat4, transformPoint } from '../math/se3.js';
import { normalize, type Vec3, vec3At } from '../math/vec3.js';
import { type ColouredMesh, MeshBuilder } from './coloured-mesh.js';

export function readCollada(text: string, file: string): ColouredMesh {
  const root = parseXml(text, file);
  if (root.name !== 'COLLADA') throw new UserError(`${file}: expected <COLLADA>, found <${root.name}>`);
  return new ColladaReader(root, file).read();
}

/** Nodes nested deeper than this go round in circles. */
const DEEPEST = 100;

class ColladaReader {
  private readonly byId = new Map<string, XmlNode>();
  private readonly builder: MeshBuilder;
  private readonly unitM: number;

  constructor(
    private readonly root: XmlNode,
    private readonly file: string,
  ) {
    this.builder = new MeshBuilder(file);
    this.unitM = Number(childNamed(childNamed(root, 'asset'), 'unit')?.attributes.get('meter') ?? 1) || 1;
    this.index(root);
  }

  read(): ColouredMesh {
    const wanted = childNamed(childNamed(this.root, 'scene'), 'instance_visual_scene')?.attributes.get('url');
    const scenes = childrenNamed(this.root, 'library_visual_scenes').flatMap((library) => library.children);
    const scene = (wanted === undefined ? undefined : this.byId.get(wanted.slice(1))) ?? scenes[0];
    const unit = [...identity()];
    for (const k of [0, 5, 10]) unit[k] = this.unitM;
    for (const node of scene ? childrenNamed(scene, 'node') : []) this.node(node, unit, 0);
    return this.builder.done();
  }

  private index(node: XmlNode): void {
    const id = node.attributes.get('id');
    if (id !== undefined) this.byId.set(id, node);
    for (const child of node.children) this.index(child);
  }

  private find(url: string | undefined, what: string): XmlNode {
    const found = url === undefined ? undefined : this.byId.get(url.replace(/^#/, ''));
    if (!found) throw new UserError(`${this.file}: ${what} ${url} is not there`);
    return found;
  }

  private node(node: XmlNode, parentFromWorld: Mat4, depth: number): void {
    if (depth > DEEPEST) throw new UserError(`${this.file}: its nodes go round in circles`);
    let m = parentFromWorld;
    for (const child of node.children) m = compose(m, this.transform(child));
    for (const child of node.children) {
      const url = child.attributes.get('url');
      if (child.name === 'node') this.node(child, m, depth + 1);
      else if (child.name === 'instance_node') this.node(this.find(url, 'node'), m, depth + 1);
      else if (child.name === 'instance_geometry') this.geometry(this.find(url, 'geometry'), m, this.colours(child));
    }
  }

  /** One step of a node's placing; scaling makes the matrix more than rigid, which is fine for points. */
  private transform(step: XmlNode): Mat4 {
    const read = (count: number): number[] => numbersIn(step.text, `${this.file}: <${step.name}>`, count);
    switch (step.name) {
      case 'matrix':
        return read(16);
      case 'translate':
        return fromTranslation(vec3At(read(3)));
      case 'rotate': {
        const [x, y, z, degrees] = read(4);
        return degrees === 0 ? identity() : fromAxisAngle(normalize([x, y, z]), (degrees * Math.PI) / 180);
      }
      case 'scale': {
        const [x, y, z] = read(3);
        return [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1];
      }
      default:
        return identity();
    }
  }

  /** Diffuse colour by the material symbol that the geometry's faces use. */
  private colours(instance: XmlNode): Map<string, Vec3> {
    const colours = new Map<string, Vec3>();
    const bound = childNamed(childNamed(instance, 'bind_material'), 'technique_common');
    for (const material of bound ? childrenNamed(bound, 'instance_material') : []) {
      const rgb = this.diffuse(material.attributes.get('target'));
      if (rgb) colours.set(material.attributes.get('symbol') ?? '', rgb);
    }
    return colours;
  }

  private diffuse(material: string | undefined): Vec3 | null {
    const effectUrl = childNamed(this.find(material, 'material'), 'instance_effect')?.attributes.get('url');
    const technique = childNamed(childNamed(this.find(effectUrl, 'effect'), 'profile_COMMON'), 'technique');
    const shading = technique?.children.find(({ name }) => ['phong', 'lambert', 'blinn', 'constant'].includes(name));
    const colour = childNamed(childNamed(shading, 'diffuse'), 'color');
    return colour ? vec3At(numbersIn(colour.text, `${this.file}: diffuse colour`)) : null;
  }

  private geometry(geometry: XmlNode, m: Mat4, colours: ReadonlyMap<string, Vec3>): void {
    const mesh = childNamed(geometry, 'mesh');
    if (!mesh) return;
    for (const part of mesh.children) {
      if (!['triangles', 'polylist', 'polygons'].includes(part.name)) continue;
      const rgb = colours.get(part.attributes.get('material') ?? '') ?? null;
      this.faces(part, m, rgb);
    }
  }

  private faces(part: XmlNode, m: Mat4, rgb: Vec3 | null): void {
    const inputs = childrenNamed(part, 'input');
    const vertexInput = inputs.find((input) => input.attributes.get('semantic') === 'VERTEX');
    if (!vertexInput) return;
    const stride = 1 + Math.max(...inputs.map((input) => Number(input.attributes.get('offset') ?? 0)));
    const offset = Number(vertexInput.attributes.get('offset') ?? 0);
    const first = this.addVertices(vertexInput.attributes.get('source'), m);
    const lists = childrenNamed(part, 'p').map((p) => numbersIn(p.text, `${this.file}: <p>`));
    const counts = childNamed(part, 'vcount');
    const sizes = counts ? numbersIn(counts.text, `${this.file}: <vcount>`) : null;
    for (const list of lists) {
      const numCorners = list.length / stride;
      const polygons = sizes ?? (part.name === 'polygons' ? [numCorners] : new Array(numCorners / 3).fill(3));
      let at = 0;
      for (const size of polygons) {
        const corner = (k: number): number => first + list[(at + k) * stride + offset];
        for (let k = 1; k + 1 < size; k++) this.builder.triangle(corner(0), corner(k), corner(k + 1), rgb);
        at += size;
      }
    }
  }

  /** Adds a `<vertices>` element's positions and returns the index of the first. */
  private addVertices(url: string | undefined, m: Mat4): number {
    const input = childrenNamed(this.find(url, 'vertices'), 'input').find(
      ({ attributes }) => attributes.get('semantic') === 'POSITION',
    );
    const source = this.find(input?.attributes.get('source'), 'source');
    const stride = Number(
      childNamed(childNamed(source, 'technique_common'), 'accessor')?.attributes.get('stride') ?? 3,
    );
    const values = numbersIn(childNamed(source, 'float_array')?.text ?? '', `${this.file}: positions`);
    const first = this.builder.numVertices;
    for (let k = 0; k + 2 < values.length; k += stride) {
      this.builder.vertex(...transformPoint(m, [values[k], values[k + 1], values[k + 2]]));
    }
    return first;
  }
}
