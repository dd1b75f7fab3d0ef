// A message of the server: arrays by name, and the rest as JSON. It is laid out as a .safetensors file is.

export type Numbers = Float32Array | Int32Array | Uint8Array;

export interface Tensor {
  shape: number[];
  data: Numbers;
}

/** What came: the fields of the JSON, and the arrays. */
export interface Frame {
  id: number;
  [field: string]: unknown;
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const KINDS: Record<string, (buffer: ArrayBuffer, from: number, count: number) => Numbers> = {
  F32: (buffer, from, count) => new Float32Array(buffer, from, count),
  I32: (buffer, from, count) => new Int32Array(buffer, from, count),
  U8: (buffer, from, count) => new Uint8Array(buffer, from, count),
};

const decoder = new TextDecoder();

export function read(buffer: ArrayBuffer): { said: Frame; tensors: Record<string, Tensor> } {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(decoder.decode(new Uint8Array(buffer, 8, length))) as Record<string, Entry>;
  const tensors: Record<string, Tensor> = {};
  for (const [name, entry] of Object.entries(header)) {
    const make = KINDS[entry.dtype];
    if (!make) continue;
    const count = entry.shape.reduce((size, n) => size * n, 1);
    tensors[name] = { shape: entry.shape, data: make(buffer, 8 + length + entry.data_offsets[0], count) };
  }
  const said = JSON.parse(decoder.decode(tensors.said!.data)) as Frame;
  delete tensors.said;
  return { said, tensors };
}

/** Numbers as they lie in memory, in the letters that JSON can hold. */
export function base64(numbers: Float32Array | Uint8Array): string {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  let letters = "";
  for (let at = 0; at < bytes.length; at += 8192)
    letters += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(letters);
}
