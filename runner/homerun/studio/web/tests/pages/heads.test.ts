import { describe, expect, it } from "vitest";
import { elements, npyHead, safetensorsHead, safetensorsLength, shapeWord } from "../../src/pages/run/files/heads";

function npy(header: string, version = 1): ArrayBuffer {
  const length = version === 1 ? [header.length & 255, header.length >> 8] : [header.length, 0, 0, 0];
  return new Uint8Array([0x93, ...new TextEncoder().encode("NUMPY"), version, 0, ...length, ...new TextEncoder().encode(header)]).buffer;
}

describe("the head of a file of numpy", () => {
  it.each([
    ["{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }", "<f8", [3, 4], "3 × 4", 12],
    ["{'descr': '|u1', 'fortran_order': True, 'shape': (5,), }", "|u1", [5], "5", 5],
    ["{'descr': '<i4', 'fortran_order': False, 'shape': (), }", "<i4", [], "scalar", 1],
  ])("%s", (header, type, shape, words, count) => {
    for (const version of [1, 2]) {
      const head = npyHead(npy(header, version));
      expect(head).toEqual({ name: "", type, shape });
      expect([head && shapeWord(head), head && elements(head)]).toEqual([words, count]);
    }
  });

  it("is none of another file, and none that is cut short", () => {
    const whole = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }");
    expect(npyHead(whole.slice(0, 40))).toBeNull();
    expect(npyHead(new ArrayBuffer(0))).toBeNull();
    expect(npyHead(new TextEncoder().encode("# a text, no array").buffer)).toBeNull();
    expect(npyHead(npy("{'shape': 3}"))).toBeNull();
  });
});

describe("the head of a safetensors file", () => {
  it("has its tensors and what was said of them", () => {
    const said = new TextEncoder().encode('{"__metadata__":{"format":"pt"},"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]}}');
    const data = new Uint8Array(8 + said.length);
    new DataView(data.buffer).setBigUint64(0, BigInt(said.length), true);
    data.set(said, 8);
    expect(safetensorsLength(data.buffer)).toBe(data.length);
    expect(safetensorsHead(data.buffer)).toEqual({ tensors: [{ name: "w", type: "BF16", shape: [2, 3] }], metadata: [["format", "pt"]] });
  });

  it("is none of a file of seven bytes", () => expect(safetensorsLength(new ArrayBuffer(7))).toBe(0));
});
