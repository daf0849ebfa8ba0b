/** URDF (the format's reference: wiki.ros.org/urdf/XML). Read: links with visual and collision shapes, colours, joints, limits, mimic. */
import path from 'node:path';
import { UserError } from '../../base/errors.js';
import { childNamed, childrenNamed, numbersIn, parseXml, type XmlNode } from '../../base/xml.js';
import { compose, fromAxisAngle, fromTranslation, identity, type Mat4 } from '../../math/se3.js';
import { norm, scale, type Vec3, vec3At } from '../../math/vec3.js';
import type { Geometry, JointDescription, LinkDescription, RobotDescription, Shape } from './description.js';
import { findMeshFile } from './mesh-path.js';
import { asTree } from './tree.js';

const KINDS: Record<string, JointDescription['kind']> = {
  fixed: 'fixed',
  revolute: 'turn',
  continuous: 'turn',
  prismatic: 'slide',
};

export function readUrdf(source: string, file: string): RobotDescription {
  const root = parseXml(source, file);
  if (root.name !== 'robot') throw new UserError(`${file}: expected <robot>, found <${root.name}>`);
  if (childNamed(root, 'xacro:macro') || childNamed(root, 'xacro:include')) {
    throw new UserError(`${file} is a xacro file`, 'expand it first: xacro FILE.xacro > FILE.urdf');
  }
  const materials = new Map<string, Vec3>();
  for (const node of childrenNamed(root, 'material')) {
    const rgb = colourOf(node, file);
    if (rgb) materials.set(node.attributes.get('name') ?? '', rgb);
  }
  const links = new Map<string, LinkDescription>();
  for (const node of childrenNamed(root, 'link')) {
    const name = required(node, 'name', file);
    if (links.has(name)) throw new UserError(`${file}: two links are called ${name}`);
    links.set(name, {
      name,
      visual: childrenNamed(node, 'visual').map((shape) => geometryOf(shape, materials, file, name)),
      collision: childrenNamed(node, 'collision').map((shape) => geometryOf(shape, materials, file, name)),
    });
  }
  const joints = childrenNamed(root, 'joint').map((node) => jointOf(node, file));
  const name = root.attributes.get('name') ?? path.parse(file).name;
  return asTree(file, name, links, joints, new Map());
}

function required(node: XmlNode, attribute: string, file: string): string {
  const value = node.attributes.get(attribute);
  if (value === undefined) throw new UserError(`${file}: <${node.name}> without ${attribute}`);
  return value;
}

const vectorIn = (text: string | undefined, where: string, absent: Vec3): Vec3 =>
  text === undefined ? absent : vec3At(numbersIn(text, where, 3));

/** xyz, and rpy as turns about the fixed x, then y, then z. */
function originOf(node: XmlNode, where: string): Mat4 {
  const origin = childNamed(node, 'origin');
  if (!origin) return identity();
  const [roll, pitch, yaw] = vectorIn(origin.attributes.get('rpy'), `${where} rpy`, [0, 0, 0]);
  return compose(
    fromTranslation(vectorIn(origin.attributes.get('xyz'), `${where} xyz`, [0, 0, 0])),
    fromAxisAngle([0, 0, 1], yaw),
    fromAxisAngle([0, 1, 0], pitch),
    fromAxisAngle([1, 0, 0], roll),
  );
}

function colourOf(material: XmlNode, file: string): Vec3 | null {
  const rgba = childNamed(material, 'color')?.attributes.get('rgba');
  if (rgba === undefined) return null;
  return vec3At(numbersIn(rgba, `${file}: material colour`));
}

function geometryOf(node: XmlNode, materials: ReadonlyMap<string, Vec3>, file: string, link: string): Geometry {
  const where = `${file}: link ${link}`;
  const material = childNamed(node, 'material');
  const rgb = material
    ? (colourOf(material, file) ?? materials.get(material.attributes.get('name') ?? '') ?? null)
    : null;
  const shape = childNamed(node, 'geometry')?.children[0];
  if (!shape) throw new UserError(`${where}: <${node.name}> without a shape`);
  return { shape: shapeOf(shape, file, where), linkFromShape: originOf(node, where), rgb };
}

function shapeOf(node: XmlNode, file: string, where: string): Shape {
  const number = (attribute: string): number =>
    numbersIn(required(node, attribute, file), `${where} ${attribute}`, 1)[0];
  switch (node.name) {
    case 'mesh': {
      const scaling = vectorIn(node.attributes.get('scale'), `${where} scale`, [1, 1, 1]);
      return { kind: 'mesh', file: findMeshFile(required(node, 'filename', file), file), scale: scaling };
    }
    case 'box':
      return { kind: 'box', size: vectorIn(required(node, 'size', file), `${where} size`, [0, 0, 0]) };
    case 'cylinder':
    case 'capsule':
      return { kind: node.name, radiusM: number('radius'), lengthM: number('length') };
    case 'sphere': {
      const radius = number('radius');
      return { kind: 'ellipsoid', radii: [radius, radius, radius] };
    }
    default:
      throw new UserError(`${where}: unknown shape <${node.name}>`);
  }
}

function jointOf(node: XmlNode, file: string): JointDescription {
  const name = required(node, 'name', file);
  const where = `${file}: joint ${name}`;
  const type = required(node, 'type', file);
  const kind = KINDS[type];
  if (!kind)
    throw new UserError(`${where}: type ${type} is not supported`, 'fixed, revolute, continuous, prismatic are');
  const end = (role: 'parent' | 'child'): string => {
    const child = childNamed(node, role);
    if (!child) throw new UserError(`${where}: no <${role}>`);
    return required(child, 'link', file);
  };
  const axis = vectorIn(childNamed(node, 'axis')?.attributes.get('xyz'), `${where} axis`, [1, 0, 0]);
  if (!(norm(axis) > 0)) throw new UserError(`${where}: its axis has no direction`);
  const limit = childNamed(node, 'limit');
  const bound = (attribute: string, absent: number): number => {
    const text = limit?.attributes.get(attribute);
    return text === undefined ? absent : numbersIn(text, `${where} ${attribute}`, 1)[0];
  };
  const isFree = type === 'continuous' || limit === undefined;
  const mimic = childNamed(node, 'mimic');
  const velocity = bound('velocity', 0);
  return {
    name,
    kind,
    parent: end('parent'),
    child: end('child'),
    parentFromJoint: originOf(node, where),
    jointFromChild: identity(),
    axis: scale(axis, 1 / norm(axis)),
    lower: isFree ? Number.NEGATIVE_INFINITY : bound('lower', 0),
    upper: isFree ? Number.POSITIVE_INFINITY : bound('upper', 0),
    maxVelocity: velocity > 0 ? velocity : null,
    mimic: mimic
      ? {
          joint: required(mimic, 'joint', file),
          multiplier: numbersIn(mimic.attributes.get('multiplier') ?? '1', `${where} multiplier`, 1)[0],
          offset: numbersIn(mimic.attributes.get('offset') ?? '0', `${where} offset`, 1)[0],
        }
      : null,
  };
}
