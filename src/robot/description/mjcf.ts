/**
 * MJCF, MuJoCo's own format (reference: mujoco.readthedocs.io/en/stable/XMLreference.html). Read: bodies, hinge and slide joints with
 * ranges, equality of joints as mimicry, geoms as visual and collision shapes, materials, sites, the first keyframe, includes.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../base/errors.js';
import { childNamed, childrenNamed, numbersIn, parseXml, type XmlNode } from '../../base/xml.js';
import {
  compose,
  fromAxes,
  fromAxisAngle,
  fromQuaternion,
  fromTranslation,
  identity,
  type Mat4,
  type QuatWxyz,
  rotationBetween,
} from '../../math/se3.js';
import { cross, norm, normalize, scale, sub, type Vec3, vec3At } from '../../math/vec3.js';
import type { Geometry, JointDescription, LinkDescription, RobotDescription, Shape } from './description.js';
import { MjcfDefaults } from './mjcf-defaults.js';
import { asTree } from './tree.js';

type Attributes = ReadonlyMap<string, string>;

/** Geoms of these groups are shown in MuJoCo's viewer; higher ones are not. */
const LAST_VISIBLE_GROUP = 2;

export function readMjcf(source: string, file: string): RobotDescription {
  const root = spliceIncludes(parseXml(source, file), path.dirname(file), 0);
  if (root.name !== 'mujoco') throw new UserError(`${file}: expected <mujoco>, found <${root.name}>`);
  return new MjcfReader(root, file).read();
}

/** Puts the contents of included files in the place of their `<include>`. */
function spliceIncludes(node: XmlNode, folder: string, depth: number): XmlNode {
  if (depth > 50) throw new UserError(`${folder}: includes go round in circles`);
  const children = node.children.flatMap((child): readonly XmlNode[] => {
    if (child.name !== 'include') return [spliceIncludes(child, folder, depth)];
    const included = path.resolve(folder, child.attributes.get('file') ?? '');
    if (!existsSync(included)) throw new UserError(`include not found: ${included}`);
    return spliceIncludes(parseXml(readFileSync(included, 'utf8'), included), folder, depth + 1).children;
  });
  return { ...node, children };
}

interface MeshAsset {
  readonly file: string;
  readonly scale: Vec3;
}

class MjcfReader {
  private readonly defaults: MjcfDefaults;
  private readonly compiler: Attributes;
  private readonly meshes = new Map<string, MeshAsset>();
  private readonly materials = new Map<string, Vec3>();
  private readonly links = new Map<string, LinkDescription>();
  private readonly joints: JointDescription[] = [];
  /** Joints in the order of the keyframe's numbers. */
  private readonly jointNames: string[] = [];

  constructor(
    private readonly root: XmlNode,
    private readonly file: string,
  ) {
    this.defaults = new MjcfDefaults(root, file);
    this.compiler = new Map(childrenNamed(root, 'compiler').flatMap((node) => [...node.attributes]));
  }

  read(): RobotDescription {
    for (const node of childrenNamed(this.root, 'asset').flatMap((asset) => asset.children)) this.asset(node);
    const bodies = childrenNamed(this.root, 'worldbody').flatMap((world) => childrenNamed(world, 'body'));
    if (bodies.length !== 1) {
      throw new UserError(
        `${this.file}: expected one body in the world, found ${bodies.length}`,
        'give the robot alone',
      );
    }
    this.body(bodies[0], null, 'main');
    const joints = this.withMimicry();
    const name = this.root.attributes.get('model') ?? path.parse(this.file).name;
    return asTree(this.file, name, this.links, joints, this.home());
  }

  private asset(node: XmlNode): void {
    const attributes = this.defaults.of(node, 'main');
    if (node.name === 'material') {
      const rgba = attributes.get('rgba');
      const rgb = rgba ? numbersIn(rgba, `${this.file}: material`).slice(0, 3) : [1, 1, 1];
      this.materials.set(attributes.get('name') ?? '', vec3At(rgb));
    }
    const reference = attributes.get('file');
    if (node.name !== 'mesh' || reference === undefined) return;
    const folder = this.compiler.get('meshdir') ?? this.compiler.get('assetdir') ?? '';
    const meshFile = path.resolve(path.dirname(this.file), folder, reference);
    if (!existsSync(meshFile)) throw new UserError(`${this.file}: mesh not found: ${path.join(folder, reference)}`);
    this.meshes.set(attributes.get('name') ?? path.parse(reference).name, {
      file: meshFile,
      scale: this.vector(attributes, 'scale', [1, 1, 1]),
    });
  }

  private body(node: XmlNode, parent: string | null, inherited: string): void {
    const name = node.attributes.get('name') ?? `body${this.links.size}`;
    if (this.links.has(name)) throw new UserError(`${this.file}: two bodies are called ${name}`);
    const childClass = node.attributes.get('childclass') ?? inherited;
    const visual: Geometry[] = [];
    const collision: Geometry[] = [];
    for (const geom of childrenNamed(node, 'geom')) this.geom(geom, childClass, name, visual, collision);
    // The robot's own root stands where its file puts it in the world; its base frame is that body's frame.
    if (parent !== null) this.jointsOf(node, parent, name, childClass);
    this.links.set(name, { name, visual, collision });
    for (const site of childrenNamed(node, 'site')) this.site(site, name, childClass);
    for (const child of childrenNamed(node, 'body')) this.body(child, name, childClass);
  }

  /** A site is a frame of its own without a shape. */
  private site(node: XmlNode, body: string, childClass: string): void {
    const name = node.attributes.get('name');
    if (name === undefined || this.links.has(name)) return;
    this.links.set(name, { name, visual: [], collision: [] });
    const parentFromJoint = this.frame(this.defaults.of(node, childClass));
    this.joints.push({ ...FIXED, name: `${name}-fixed`, parent: body, child: name, parentFromJoint });
  }

  /** Several joints of one body turn one after the other: bodies without shape stand in between. */
  private jointsOf(node: XmlNode, parent: string, body: string, childClass: string): void {
    const own = node.children.filter((child) => child.name === 'joint' || child.name === 'freejoint');
    const parentFromBody = this.frame(node.attributes);
    if (own.length === 0) {
      this.joints.push({ ...FIXED, name: `${body}-fixed`, parent, child: body, parentFromJoint: parentFromBody });
      return;
    }
    let from = parent;
    own.forEach((joint, k) => {
      const attributes = this.defaults.of(joint, childClass);
      const name = joint.attributes.get('name') ?? `${body}-joint${k}`;
      const type = joint.name === 'freejoint' ? 'free' : (attributes.get('type') ?? 'hinge');
      if (type !== 'hinge' && type !== 'slide') {
        throw new UserError(`${this.file}: joint ${name}: type ${type} is not supported`, 'hinge and slide are');
      }
      const at = fromTranslation(this.vector(attributes, 'pos', [0, 0, 0]));
      const axis = this.vector(attributes, 'axis', [0, 0, 1]);
      if (!(norm(axis) > 0)) throw new UserError(`${this.file}: joint ${name}: its axis has no direction`);
      const child = k === own.length - 1 ? body : `${body}-after-${name}`;
      if (child !== body) this.links.set(child, { name: child, visual: [], collision: [] });
      const [lower, upper] = this.range(attributes, type, name);
      this.joints.push({
        name,
        kind: type === 'hinge' ? 'turn' : 'slide',
        parent: from,
        child,
        parentFromJoint: k === 0 ? compose(parentFromBody, at) : at,
        jointFromChild: fromTranslation(scale(this.vector(attributes, 'pos', [0, 0, 0]), -1)),
        axis: normalize(axis),
        lower,
        upper,
        maxVelocity: null,
        mimic: null,
      });
      this.jointNames.push(name);
      from = child;
    });
  }

  private range(attributes: Attributes, type: string, name: string): [number, number] {
    const text = attributes.get('range');
    const limited = attributes.get('limited') ?? 'auto';
    if (text === undefined || limited === 'false') return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const unit = type === 'hinge' ? this.angleUnit() : 1;
    const [lower, upper] = numbersIn(text, `${this.file}: range of ${name}`, 2);
    return [lower * unit, upper * unit];
  }

  private geom(node: XmlNode, childClass: string, body: string, visual: Geometry[], collision: Geometry[]): void {
    const attributes = this.defaults.of(node, childClass);
    const shape = this.shape(attributes, body);
    if (!shape) return;
    const rgba = attributes.get('rgba');
    const material = attributes.get('material');
    const own = rgba === undefined ? null : vec3At(numbersIn(rgba, `${this.file}: rgba`));
    const rgb = own ?? (material === undefined ? null : (this.materials.get(material) ?? null));
    const geometry = { shape, linkFromShape: this.shapeFrame(attributes), rgb };
    if (Number(attributes.get('group') ?? 0) <= LAST_VISIBLE_GROUP) visual.push(geometry);
    const touches = Number(attributes.get('contype') ?? 1) !== 0 || Number(attributes.get('conaffinity') ?? 1) !== 0;
    if (touches) collision.push(geometry);
  }

  private shape(attributes: Attributes, body: string): Shape | null {
    const size = numbersIn(attributes.get('size') ?? '', `${this.file}: size of a geom of ${body}`);
    const type = attributes.get('type') ?? (attributes.has('mesh') ? 'mesh' : 'sphere');
    const fromTo = this.fromTo(attributes);
    const half = fromTo ? norm(sub(fromTo[1], fromTo[0])) / 2 : size[1];
    switch (type) {
      case 'mesh': {
        const mesh = this.meshes.get(attributes.get('mesh') ?? '');
        if (!mesh) throw new UserError(`${this.file}: body ${body}: no mesh asset ${attributes.get('mesh')}`);
        return { kind: 'mesh', ...mesh };
      }
      case 'box':
        return { kind: 'box', size: [2 * size[0], 2 * size[1], 2 * size[2]] };
      case 'cylinder':
      case 'capsule':
        return { kind: type, radiusM: size[0], lengthM: 2 * half };
      case 'sphere':
        return { kind: 'ellipsoid', radii: [size[0], size[0], size[0]] };
      case 'ellipsoid':
        return { kind: 'ellipsoid', radii: [size[0], size[1], size[2]] };
      default:
        return null; // planes and height fields are no part of a robot
    }
  }

  private fromTo(attributes: Attributes): [Vec3, Vec3] | null {
    const text = attributes.get('fromto');
    if (text === undefined) return null;
    const [ax, ay, az, bx, by, bz] = numbersIn(text, `${this.file}: fromto`, 6);
    return [
      [ax, ay, az],
      [bx, by, bz],
    ];
  }

  private shapeFrame(attributes: Attributes): Mat4 {
    const fromTo = this.fromTo(attributes);
    if (!fromTo) return this.frame(attributes);
    const [a, b] = fromTo;
    const middle = scale([a[0] + b[0], a[1] + b[1], a[2] + b[2]], 0.5);
    return compose(fromTranslation(middle), rotationBetween([0, 0, 1], normalize(sub(b, a))));
  }

  /** `pos` and one of MJCF's ways to say an orientation. */
  private frame(attributes: Attributes): Mat4 {
    return compose(fromTranslation(this.vector(attributes, 'pos', [0, 0, 0])), this.orientation(attributes));
  }

  private orientation(attributes: Attributes): Mat4 {
    const read = (name: string, count: number): number[] | null => {
      const text = attributes.get(name);
      return text === undefined ? null : numbersIn(text, `${this.file}: ${name}`, count);
    };
    const quat = read('quat', 4);
    if (quat) {
      const length = Math.hypot(...quat);
      return fromQuaternion(quat.map((value) => value / length) as QuatWxyz);
    }
    const axisAngle = read('axisangle', 4);
    if (axisAngle) return fromAxisAngle(normalize(vec3At(axisAngle)), axisAngle[3] * this.angleUnit());
    const euler = read('euler', 3);
    if (euler) return this.fromEuler(vec3At(euler));
    const zAxis = read('zaxis', 3);
    if (zAxis) return rotationBetween([0, 0, 1], normalize(vec3At(zAxis)));
    const xy = read('xyaxes', 6);
    if (!xy) return identity();
    const x = normalize(vec3At(xy));
    const z = normalize(cross(x, vec3At(xy, 3)));
    return fromAxes(x, cross(z, x), z, [0, 0, 0]);
  }

  /** Lower case letters of `eulerseq` turn about axes that turn along, upper case ones about fixed axes. */
  private fromEuler(euler: Vec3): Mat4 {
    const order = this.compiler.get('eulerseq') ?? 'xyz';
    return [...order].reduce<Mat4>((turned, letter, k) => {
      const axis: Vec3 = [0, 0, 0];
      axis['xyz'.indexOf(letter.toLowerCase())] = 1;
      const turn = fromAxisAngle(axis, euler[k] * this.angleUnit());
      return letter === letter.toLowerCase() ? compose(turned, turn) : compose(turn, turned);
    }, identity());
  }

  /** Radians per unit of the file's angles: degrees unless it says otherwise. */
  private angleUnit(): number {
    return this.compiler.get('angle') === 'radian' ? 1 : Math.PI / 180;
  }

  private vector(attributes: Attributes, name: string, absent: Vec3): Vec3 {
    const text = attributes.get(name);
    return text === undefined ? absent : vec3At(numbersIn(text, `${this.file}: ${name}`, 3));
  }

  /** `<equality><joint joint1 joint2>`: joint1 = polynomial of joint2, of which the linear part is kept. */
  private withMimicry(): JointDescription[] {
    const follows = new Map<string, JointDescription['mimic']>();
    for (const node of childrenNamed(this.root, 'equality').flatMap((all) => childrenNamed(all, 'joint'))) {
      const { attributes } = node;
      const leader = attributes.get('joint2');
      if (leader === undefined || attributes.get('active') === 'false') continue;
      const [offset, multiplier] = numbersIn(attributes.get('polycoef') ?? '0 1 0 0 0', `${this.file}: polycoef`);
      follows.set(attributes.get('joint1') ?? '', { joint: leader, multiplier, offset });
    }
    return this.joints.map((joint) => ({ ...joint, mimic: follows.get(joint.name) ?? null }));
  }

  private home(): Map<string, number> {
    const key = childNamed(childNamed(this.root, 'keyframe') ?? this.root, 'key');
    const values = numbersIn(key?.attributes.get('qpos') ?? '', `${this.file}: keyframe`);
    if (values.length !== this.jointNames.length) return new Map();
    return new Map(this.jointNames.map((name, k) => [name, values[k]]));
  }
}

const FIXED = {
  kind: 'fixed',
  jointFromChild: identity(),
  axis: [0, 0, 1],
  lower: 0,
  upper: 0,
  maxVelocity: null,
  mimic: null,
} as const satisfies Partial<JointDescription>;
