/** View-dependent colour: real spherical harmonics of degree 1 to 3, constants of the reference 3DGS code; four Gaussians at a time. */

const C0: f32 = 0.28209479177387814;
const C1: f32 = 0.4886025119029199;
const C20: f32 = 1.0925484305920792;
const C22: f32 = 0.31539156525252005;
const C24: f32 = 0.5462742152960396;
const C30: f32 = 0.5900435899266435;
const C31: f32 = 2.890611442640554;
const C32: f32 = 0.4570457994644658;
const C33: f32 = 0.3731763325901154;
const C35: f32 = 1.445305721320277;

/** Values of the basis functions, one vector each. */
const BASIS: usize = memory.data(256, 16);

/**
 * Writes the colours (planes 10-12 of the set) seen from the camera centre (x, y, z) in the set's frame: 0.5 + SH(direction), cut at 0
 * from below. `coefficients` [(degree + 1)^2][3] planes.
 */
export function shadeSet(
  set: usize,
  count: i32,
  coefficients: usize,
  degree: i32,
  centreX: f32,
  centreY: f32,
  centreZ: f32,
): void {
  const plane: usize = ((<usize>count + 3) & ~3) << 2;
  const numBasis = <usize>((degree + 1) * (degree + 1));
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  v128.store(BASIS, f32x4.splat(C0));
  for (let offset: usize = 0; offset < plane; offset += 16) {
    const p = set + offset;
    const dx = f32x4.sub(v128.load(p), f32x4.splat(centreX));
    const dy = f32x4.sub(v128.load(p + plane), f32x4.splat(centreY));
    const dz = f32x4.sub(v128.load(p + 2 * plane), f32x4.splat(centreZ));
    const square = f32x4.add(f32x4.add(f32x4.mul(dx, dx), f32x4.mul(dy, dy)), f32x4.mul(dz, dz));
    const inverse = f32x4.div(one, f32x4.sqrt(f32x4.pmax(square, f32x4.splat(1e-24))));
    fillBasis(degree, f32x4.mul(dx, inverse), f32x4.mul(dy, inverse), f32x4.mul(dz, inverse));
    let red = f32x4.splat(0.5);
    let green = red;
    let blue = red;
    let at = coefficients + offset;
    for (let k: usize = 0; k < numBasis; k++, at += 3 * plane) {
      const basis = v128.load(BASIS + (k << 4));
      red = f32x4.add(red, f32x4.mul(basis, v128.load(at)));
      green = f32x4.add(green, f32x4.mul(basis, v128.load(at + plane)));
      blue = f32x4.add(blue, f32x4.mul(basis, v128.load(at + 2 * plane)));
    }
    const to = p + 10 * plane;
    v128.store(to, f32x4.pmax(red, zero));
    v128.store(to + plane, f32x4.pmax(green, zero));
    v128.store(to + 2 * plane, f32x4.pmax(blue, zero));
  }
}

function put(k: usize, factor: f32, value: v128): void {
  v128.store(BASIS + (k << 4), f32x4.mul(f32x4.splat(factor), value));
}

/** Basis functions 1.. at unit directions, in the order of `f_rest`. */
function fillBasis(degree: i32, x: v128, y: v128, z: v128): void {
  put(1, -C1, y);
  put(2, C1, z);
  put(3, -C1, x);
  if (degree < 2) return;
  const xx = f32x4.mul(x, x);
  const yy = f32x4.mul(y, y);
  const zz = f32x4.mul(z, z);
  const xy = f32x4.mul(x, y);
  const difference = f32x4.sub(xx, yy);
  const sum = f32x4.add(xx, yy);
  const two = f32x4.splat(2);
  put(4, C20, xy);
  put(5, -C20, f32x4.mul(y, z));
  put(6, C22, f32x4.sub(f32x4.mul(two, zz), sum));
  put(7, -C20, f32x4.mul(x, z));
  put(8, C24, difference);
  if (degree < 3) return;
  const three = f32x4.splat(3);
  const fourZz = f32x4.mul(f32x4.splat(4), zz);
  put(9, -C30, f32x4.mul(y, f32x4.sub(f32x4.mul(three, xx), yy)));
  put(10, C31, f32x4.mul(xy, z));
  put(11, -C32, f32x4.mul(y, f32x4.sub(fourZz, sum)));
  put(12, C33, f32x4.mul(z, f32x4.sub(f32x4.mul(two, zz), f32x4.mul(three, sum))));
  put(13, -C32, f32x4.mul(x, f32x4.sub(fourZz, sum)));
  put(14, C35, f32x4.mul(z, difference));
  put(15, -C30, f32x4.mul(x, f32x4.sub(xx, f32x4.mul(three, yy))));
}
