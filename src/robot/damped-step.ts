/**
 * One damped least-squares step of inverse kinematics. The 6x6 system is written out in plain numbers: loops over arrays so small
 * spend most of their time on indices.
 */

/**
 * step = pull + J^T (J J^T + damping I)^-1 (error - J pull), columns of locked joints left out.
 * `jacobian`: [6, n] f64 row-major; `error`: 6; `pull`, `locked`, `step`: n.
 */
export function dampedStep(
  n: number,
  jacobian: Float64Array,
  error: Float64Array,
  pull: Float64Array,
  locked: Uint8Array,
  damping: number,
  step: Float64Array,
): void {
  let b0 = error[0];
  let b1 = error[1];
  let b2 = error[2];
  let b3 = error[3];
  let b4 = error[4];
  let b5 = error[5];
  // Lower triangle of J J^T + damping I.
  let m00 = damping;
  let m10 = 0;
  let m11 = damping;
  let m20 = 0;
  let m21 = 0;
  let m22 = damping;
  let m30 = 0;
  let m31 = 0;
  let m32 = 0;
  let m33 = damping;
  let m40 = 0;
  let m41 = 0;
  let m42 = 0;
  let m43 = 0;
  let m44 = damping;
  let m50 = 0;
  let m51 = 0;
  let m52 = 0;
  let m53 = 0;
  let m54 = 0;
  let m55 = damping;
  for (let i = 0; i < n; i++) {
    if (locked[i] !== 0) continue;
    const j0 = jacobian[i];
    const j1 = jacobian[n + i];
    const j2 = jacobian[2 * n + i];
    const j3 = jacobian[3 * n + i];
    const j4 = jacobian[4 * n + i];
    const j5 = jacobian[5 * n + i];
    const p = pull[i];
    b0 -= j0 * p;
    b1 -= j1 * p;
    b2 -= j2 * p;
    b3 -= j3 * p;
    b4 -= j4 * p;
    b5 -= j5 * p;
    m00 += j0 * j0;
    m10 += j1 * j0;
    m11 += j1 * j1;
    m20 += j2 * j0;
    m21 += j2 * j1;
    m22 += j2 * j2;
    m30 += j3 * j0;
    m31 += j3 * j1;
    m32 += j3 * j2;
    m33 += j3 * j3;
    m40 += j4 * j0;
    m41 += j4 * j1;
    m42 += j4 * j2;
    m43 += j4 * j3;
    m44 += j4 * j4;
    m50 += j5 * j0;
    m51 += j5 * j1;
    m52 += j5 * j2;
    m53 += j5 * j3;
    m54 += j5 * j4;
    m55 += j5 * j5;
  }
  // Cholesky, column by column: the matrix is symmetric and positive definite.
  const l00 = root(m00);
  const l10 = m10 / l00;
  const l20 = m20 / l00;
  const l30 = m30 / l00;
  const l40 = m40 / l00;
  const l50 = m50 / l00;
  const l11 = root(m11 - l10 * l10);
  const l21 = (m21 - l20 * l10) / l11;
  const l31 = (m31 - l30 * l10) / l11;
  const l41 = (m41 - l40 * l10) / l11;
  const l51 = (m51 - l50 * l10) / l11;
  const l22 = root(m22 - l20 * l20 - l21 * l21);
  const l32 = (m32 - l30 * l20 - l31 * l21) / l22;
  const l42 = (m42 - l40 * l20 - l41 * l21) / l22;
  const l52 = (m52 - l50 * l20 - l51 * l21) / l22;
  const l33 = root(m33 - l30 * l30 - l31 * l31 - l32 * l32);
  const l43 = (m43 - l40 * l30 - l41 * l31 - l42 * l32) / l33;
  const l53 = (m53 - l50 * l30 - l51 * l31 - l52 * l32) / l33;
  const l44 = root(m44 - l40 * l40 - l41 * l41 - l42 * l42 - l43 * l43);
  const l54 = (m54 - l50 * l40 - l51 * l41 - l52 * l42 - l53 * l43) / l44;
  const l55 = root(m55 - l50 * l50 - l51 * l51 - l52 * l52 - l53 * l53 - l54 * l54);
  // Forward, then backward.
  b0 = b0 / l00;
  b1 = (b1 - l10 * b0) / l11;
  b2 = (b2 - l20 * b0 - l21 * b1) / l22;
  b3 = (b3 - l30 * b0 - l31 * b1 - l32 * b2) / l33;
  b4 = (b4 - l40 * b0 - l41 * b1 - l42 * b2 - l43 * b3) / l44;
  b5 = (b5 - l50 * b0 - l51 * b1 - l52 * b2 - l53 * b3 - l54 * b4) / l55;
  b5 = b5 / l55;
  b4 = (b4 - l54 * b5) / l44;
  b3 = (b3 - l43 * b4 - l53 * b5) / l33;
  b2 = (b2 - l32 * b3 - l42 * b4 - l52 * b5) / l22;
  b1 = (b1 - l21 * b2 - l31 * b3 - l41 * b4 - l51 * b5) / l11;
  b0 = (b0 - l10 * b1 - l20 * b2 - l30 * b3 - l40 * b4 - l50 * b5) / l00;
  for (let i = 0; i < n; i++) {
    step[i] =
      locked[i] !== 0
        ? 0
        : pull[i] +
          jacobian[i] * b0 +
          jacobian[n + i] * b1 +
          jacobian[2 * n + i] * b2 +
          jacobian[3 * n + i] * b3 +
          jacobian[4 * n + i] * b4 +
          jacobian[5 * n + i] * b5;
  }
}

const root = (x: number): number => Math.sqrt(Math.max(x, 1e-14));
