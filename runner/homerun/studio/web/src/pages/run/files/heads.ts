/** What the first bytes of a file of arrays say: names, types, shapes. */

export interface ArrayHead {
  name: string;
  type: string;
  shape: number[];
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Of a file of numpy; null: it is none, or its header is not whole. */
export function npyHead(data: ArrayBuffer): ArrayHead | null {
  const bytes = new Uint8Array(data);
  if (bytes.length < 12 || bytes[0] !== 0x93 || text(bytes.subarray(1, 6)) !== "NUMPY") return null;
  const view = new DataView(data);
  const isLong = (bytes[6] ?? 1) > 1;
  const [start, length] = isLong ? [12, view.getUint32(8, true)] : [10, view.getUint16(8, true)];
  if (start + length > bytes.length) return null;
  const said = text(bytes.subarray(start, start + length));
  const type = /'descr': (?:'([^']*)'|(\[.*?\]))/.exec(said);
  const shape = /'shape': \(([^)]*)\)/.exec(said);
  if (!type || !shape) return null;
  return {
    name: "",
    type: type[1] ?? type[2] ?? "",
    shape: (shape[1] ?? "")
      .split(",")
      .filter((one) => one.trim())
      .map(Number),
  };
}

export interface Tensors {
  tensors: ArrayHead[];
  metadata: [string, string][];
}

/** How long the header of a safetensors file is, with the eight bytes that say so. */
export function safetensorsLength(data: ArrayBuffer): number {
  return data.byteLength < 8 ? 0 : 8 + Number(new DataView(data).getBigUint64(0, true));
}

/** @throws Error: it is no such header */
export function safetensorsHead(data: ArrayBuffer): Tensors {
  const said = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 8))) as Record<string, { dtype?: unknown; shape?: unknown } & Record<string, unknown>>;
  const { __metadata__: metadata, ...all } = said;
  const tensors = Object.entries(all).map(([name, one]) => ({ name, type: String(one.dtype), shape: Array.isArray(one.shape) ? one.shape.map(Number) : [] }));
  return { tensors, metadata: Object.entries(metadata ?? {}).map(([name, value]) => [name, String(value)]) };
}

export const elements = ({ shape }: ArrayHead): number => shape.reduce((all, one) => all * one, 1);
export const shapeWord = ({ shape }: ArrayHead): string => (shape.length ? shape.join(" × ") : "scalar");
