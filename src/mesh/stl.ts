/** STL, binary or text. Triangles only; it has no colours and no units (metres are taken). */
import { UserError } from '../base/errors.js';
import { type ColouredMesh, MeshBuilder } from './coloured-mesh.js';

const HEADER_BYTES = 84;
const TRIANGLE_BYTES = 50;

export function readStl(bytes: Uint8Array, file: string): ColouredMesh {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = bytes.length >= HEADER_BYTES ? view.getUint32(80, true) : 0;
  // Binary files may begin with `solid` as well: their length tells.
  if (bytes.length >= HEADER_BYTES && bytes.length >= HEADER_BYTES + count * TRIANGLE_BYTES && count > 0) {
    return readBinary(view, count, file);
  }
  const text = new TextDecoder('latin1').decode(bytes);
  if (/^\s*solid/.test(text) && /facet/.test(text)) return readText(text, file);
  if (count > 0) {
    throw new UserError(`${file} is cut short: ${count} triangles announced, ${bytes.length} bytes there`);
  }
  throw new UserError(`${file} is not an STL file`);
}

function readBinary(view: DataView, count: number, file: string): ColouredMesh {
  const builder = new MeshBuilder(file);
  for (let f = 0; f < count; f++) {
    const at = HEADER_BYTES + f * TRIANGLE_BYTES + 12;
    for (let k = 0; k < 3; k++) {
      const corner = at + 12 * k;
      builder.vertex(
        view.getFloat32(corner, true),
        view.getFloat32(corner + 4, true),
        view.getFloat32(corner + 8, true),
      );
    }
    builder.triangle(3 * f, 3 * f + 1, 3 * f + 2, null);
  }
  return builder.done();
}

function readText(text: string, file: string): ColouredMesh {
  const builder = new MeshBuilder(file);
  for (const [, x, y, z] of text.matchAll(/vertex\s+(\S+)\s+(\S+)\s+(\S+)/g)) {
    builder.vertex(Number(x), Number(y), Number(z));
  }
  for (let k = 0; k + 2 < builder.numVertices; k += 3) builder.triangle(k, k + 1, k + 2, null);
  return builder.done();
}
